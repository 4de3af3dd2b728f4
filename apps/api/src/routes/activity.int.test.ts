import { randomUUID } from 'node:crypto'
import { activityText, type ActivityLevel, type ActivityView } from '@matic/contracts'
import { personFact, recordFacts } from '@matic/db'
import { storeWords } from '@matic/services/activity/store-words'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, dataOf, startApi, TRADER, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let token: string

beforeAll(async () => {
  api = await startApi()
  token = (await api.signIn()).accessToken
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function log(query = '', as = token): Promise<{ lines: ActivityView[]; total: number }> {
  const { body } = await api.request('GET', `/api/activity?${query}`, { token: as })
  const { meta } = body as { meta?: { total: number } }
  return { lines: dataOf<ActivityView[]>(body), total: meta?.total ?? -1 }
}

const sentences = ({ lines }: { lines: ActivityView[] }) => lines.map(({ level, code, params }) => `${level} ${activityText(code, params)}`)
const note = (json: object, as = token) => api.request('POST', '/api/activity', { token: as, json })
const counts = async () => dataOf<Record<ActivityLevel, number>>((await api.request('GET', '/api/activity/counts', { token })).body)

describe('the activity log', () => {
  it('says what people did: rules, the switch of the bot, the webhook, the kill switch', async () => {
    await api.request('PATCH', '/api/bot/settings', { token, json: { maxPositions: 3 } })
    await api.request('PATCH', '/api/bot/settings', { token, json: { isEnabled: false } })
    await api.request('POST', '/api/bot/webhook/rotate', { token })
    await api.request('POST', '/api/bot/kill-switch', { token, json: { engaged: true } })
    expect(sentences(await log())).toEqual([
      'WARNING The kill switch was engaged: nothing opens until it is released.',
      'INFO The webhook got a new address.',
      'INFO The bot was switched off: it opens nothing.',
      'INFO Rules were changed: max positions.',
    ])
  })

  it('says that somebody signed in from a device not seen before, and once only', async () => {
    const signIn = (agent: string) => api.request('POST', '/api/auth/login', { json: TRADER, headers: { 'user-agent': agent } })
    await signIn('Some Phone')
    await signIn('Some Phone')
    expect(sentences(await log('text=some+phone'))).toEqual(['WARNING Somebody signed in from a device not seen before: Some Phone.'])
  })

  it('takes notes, counts by level, and pages', async () => {
    const before = await counts()
    expect(await note({ level: 'ERROR', text: '=HYPERLINK("x") and, "quotes"' })).toMatchObject({ status: 200 })
    expect(await note({ text: 'plain' })).toMatchObject({ status: 200 })
    expect(await note({ level: 'TELEGRAM', text: 'sent by hand' })).toMatchObject({ status: 200 })
    expect(await counts()).toEqual({ ...before, ERROR: before.ERROR + 1, INFO: before.INFO + 1, TELEGRAM: before.TELEGRAM + 1 })
    expect(sentences(await log('level=TELEGRAM'))).toEqual(['TELEGRAM sent by hand'])
    expect(sentences(await log('level=ERROR'))).toEqual(['ERROR =HYPERLINK("x") and, "quotes"'])
    const all = await log('limit=100')
    expect(all.total).toBe(Object.values(await counts()).reduce((sum, count) => sum + count, 0))
    const pages = await Promise.all([1, 2].map((page) => log(`limit=3&page=${page}`)))
    expect(pages.flatMap(({ lines }) => lines)).toEqual(all.lines.slice(0, 6))
  })

  it.each([{ text: '' }, { text: 'x'.repeat(501) }, { text: 'x', level: 'FATAL' }, { text: 'x', userId: randomUUID() }])(
    'refuses the note %j',
    async (json) => {
      expect(await note(json)).toMatchObject({ status: 400 })
    },
  )

  it('is exported oldest first, harmless in a spreadsheet', async () => {
    const response = await fetch(`${api.url}/api/activity/export`, { headers: { authorization: `Bearer ${token}` } })
    expect(response.headers.get('content-type')).toMatch(/text\/csv/)
    const rows = (await response.text()).trimEnd().split('\r\n')
    expect(rows[0]).toBe('time (UTC),level,code,message,account,about,id')
    expect(rows[1]).toMatch(/,INFO,SETTINGS_CHANGED,Rules were changed: max positions\.,,settings,/)
    expect(rows.find((row) => row.includes('HYPERLINK'))).toContain(`"'=HYPERLINK(""x"") and, ""quotes"""`)
    expect(rows).toHaveLength((await log()).total + 1)
  })

  it('is cleared for its owner alone, and no fact is lost by that', async () => {
    const adminToken = (await api.signIn(ADMIN)).accessToken
    await note({ text: 'of the administrator' }, adminToken)
    const facts = async () => (await api.db.query('SELECT 1 FROM fact')).length
    const [before, { total }] = [await facts(), await log()]
    expect(await api.request('DELETE', '/api/activity', { token })).toMatchObject({ status: 200, body: { data: { cleared: total } } })
    expect(await log()).toEqual({ lines: [], total: 0 })
    expect(await counts()).toEqual({ INFO: 0, SUCCESS: 0, WARNING: 0, ERROR: 0, TELEGRAM: 0 })
    expect(await facts()).toBe(before)
    expect(sentences(await log('', adminToken))).toEqual(['INFO of the administrator'])
    await note({ text: 'after' })
    expect(sentences(await log())).toEqual(['INFO after'])
  })

  it('is searched at once, and by an index once a worker has come that far, which passes nothing by that is committed late', async () => {
    const [me] = await api.db.query<{ id: string }>('SELECT id FROM app_user WHERE email = $1', [TRADER.email])
    const [written, committed] = [Promise.withResolvers<string[]>(), Promise.withResolvers<void>()]
    const late = api.db.transaction(async (tx) => {
      written.resolve(await recordFacts(tx, [personFact(me?.id ?? '', 'note-added', { level: 'INFO', text: 'Found_late' })]))
      await committed.promise
    })
    const [id] = await written.promise
    await note({ text: 'after it' }, (await api.signIn(ADMIN)).accessToken)
    const stored = async () => {
      while (await storeWords(api));
      return (await api.db.query('SELECT 1 FROM fact_words WHERE fact_id >= $1', [id])).length
    }
    expect([await stored(), await stored()]).toEqual([0, 0])
    committed.resolve()
    await late
    const found = async () => (await log('text=found-LATE')).total
    expect(await found()).toBe(1)
    // Not before everybody else's transactions of that moment are over as well, in other databases too.
    await expect.poll(stored).toBe(2)
    expect(await stored()).toBe(2)
    expect(await found()).toBe(1)
    const plan = await api.db.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off')
      await tx.query('SET LOCAL enable_indexscan = off')
      return tx.query(`EXPLAIN SELECT 1 FROM fact_words w WHERE w.user_id = gen_random_uuid() AND w.words LIKE '%' || $1::text || '%'`, [
        'late',
      ])
    })
    expect(JSON.stringify(plan)).toContain('fact_words_words_idx')
  })
})
