import type { FactEvent, SignalLogEntry, SignalTrace, Trace } from '@matic/contracts'
import { indexWords } from '@matic/services/signals/index-words'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADMIN, dataOf, startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let token: string

beforeAll(async () => {
  api = await startApi()
  token = (await api.signIn()).accessToken
  await deliver('{"ticker":"BTCUSDT.P","action":"buy","quantity":"0.01","comment":"Über 100 % sicher"}')
  await deliver('{"ticker":"ETHUSDT.P","action":"sell","quantity":"1"}')
  await deliver('{"ticker":"ETHUSDT.P","action":"sell","quantity":"1"}')
  await deliver('{"action":"buy"}')
  await deliver(Buffer.from([0x7b, 0xff, 0x00, 0x22]))
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function deliver(body: string | Buffer): Promise<void> {
  await api.request('POST', api.webhookPath, { body })
}

async function log(query = '', as = token): Promise<{ entries: SignalLogEntry[]; total: number }> {
  const { body } = await api.request('GET', `/api/signals?${query}`, { token: as })
  const { meta } = body as { meta?: { total: number } }
  return { entries: dataOf<SignalLogEntry[]>(body), total: meta?.total ?? -1 }
}

async function trace(id: string, as = token): Promise<Trace> {
  return dataOf<Trace>((await api.request('GET', `/api/signals/${id}/trace`, { token: as })).body)
}

const shortOf = (entry: SignalLogEntry) => (entry.kind === 'signal' ? entry.ticker : entry.errorCode)

describe('the signal log', () => {
  it('holds signals and rejected deliveries, newest first, with pages that meet', async () => {
    const { entries, total } = await log()
    expect(entries.map(shortOf)).toEqual(
      ['ALERT_NOT_UNDERSTOOD', 'ALERT_NO_SYMBOL', 'ETHUSDT', 'BTCUSDT'].map((name) => expect.stringContaining(name)),
    )
    expect(total).toBe(4)
    const pages = await Promise.all([1, 2, 3].map((page) => log(`limit=2&page=${page}`)))
    expect(pages.flatMap((page) => page.entries)).toEqual(entries)
  })

  it.each([
    ['kind=rejected', 2],
    ['kind=signal', 2],
    ['outcome=rejected', 2],
    ['outcome=waiting', 2],
    ['outcome=filled', 0],
    ['symbol=eth', 1],
    ['reason=ALERT_NO_SYMBOL', 1],
    ['source=WEBHOOK', 4],
    ['source=TEST', 0],
    [`text=${encodeURIComponent('über 100 %')}`, 0],
    [`text=${encodeURIComponent('Über 100 %')}`, 1],
    ['text=SICHER', 1],
    ['text=%25', 1],
    ['from=2999-01-01T00:00:00Z', 0],
    ['to=2999-01-01T00:00:00Z', 4],
    ['accountId=00000000-0000-7000-8000-000000000000', 0],
  ])('narrowed by %s holds %i', async (query, count) => {
    const { entries, total } = await log(query)
    expect({ shown: entries.length, total }).toEqual({ shown: count, total: count })
  })

  it.each(['outcome=lost', 'from=yesterday', 'accountId=1', 'source=FAX'])('refuses %s', async (query) => {
    expect(await api.request('GET', `/api/signals?${query}`, { token })).toMatchObject({ status: 400 })
  })

  it('is nobody else’s', async () => {
    const adminToken = (await api.signIn(ADMIN)).accessToken
    expect((await log('', adminToken)).entries).toEqual([])
    const { entries } = await log()
    for (const { id } of entries) {
      expect(await api.request('GET', `/api/signals/${id}/trace`, { token: adminToken })).toMatchObject({ status: 404 })
    }
  })

  it('says of each new signal that it came, once, duplicates aside', async () => {
    const facts = () =>
      api.db.query<Pick<FactEvent, 'entityId' | 'payload'>>(
        `SELECT entity_id AS "entityId", payload FROM fact WHERE user_id = $1 AND kind = 'signal-received' ORDER BY id`,
        [api.userId],
      )
    await vi.waitUntil(async () => (await facts()).length === 2, { timeout: 60_000, interval: 20 })
    const { entries } = await log('kind=signal')
    expect((await facts()).map(({ entityId }) => entityId)).toEqual(entries.map(({ id }) => id).toReversed())
    expect((await facts())[0]?.payload).toMatchObject({ source: 'WEBHOOK', action: 'buy' })
  })
})

describe('a trace', () => {
  it('shows the body, the reading, and every delivery of it', async () => {
    const [entry] = (await log('symbol=ETH')).entries
    const traced = (await trace(entry?.id ?? '')) as SignalTrace
    expect(traced).toMatchObject({
      kind: 'signal',
      source: 'WEBHOOK',
      body: { text: '{"ticker":"ETHUSDT.P","action":"sell","quantity":"1"}', hex: null, bytes: 53 },
      alert: { action: 'sell', quantity: '1' },
      deliveries: [
        { outcome: 'ACCEPTED', statusCode: 200, afterMs: 0 },
        { outcome: 'DUPLICATE', statusCode: 200 },
      ],
      routes: [],
    })
    expect(traced.timeline.spans.map(({ point }) => point)).toEqual(['committed'])
  })

  it('shows no secret that an alert carried: not by its name, nor a token or key of the owner by its value', async () => {
    const webhookToken = 'a-token-of-an-address-before-this-one'
    await api.db.query(`UPDATE webhook SET previous_token_hash = sha256($1::text::bytea), previous_until = now() + interval '1 hour'`, [
      webhookToken,
    ])
    await api.db.query(`UPDATE account SET masked_api_key = 'abcd****wxyz'`)
    const secrets = ['hunter2-hunter2', webhookToken, 'abcd-my-exchange-key-wxyz']
    const [passphrase, own, key] = secrets
    await deliver(
      JSON.stringify({
        ticker: 'SOLUSDT.P',
        action: 'buy',
        quantity: '1',
        passphrase,
        note: `by ${own}`,
        comment: `${key} and ${passphrase}`,
      }),
    )
    await deliver(JSON.stringify({ action: `say ${passphrase}`, passphrase, note: own }))
    const { entries } = await log('limit=2')
    expect(entries.map(({ kind }) => kind)).toEqual(['rejected', 'signal'])
    const paths = entries.flatMap(({ id, kind }) => [`/api/signals/${id}/trace`, ...(kind === 'signal' ? [`/api/signals/${id}`] : [])])
    const answers = [JSON.stringify(entries), JSON.stringify((await api.request('GET', '/api/signals/rejected', { token })).body)]
    for (const path of paths) answers.push(JSON.stringify((await api.request('GET', path, { token })).body))
    for (const answer of answers) {
      expect(answer).toContain('***')
      for (const secret of secrets) expect(answer).not.toContain(secret)
    }
    expect(await trace(entries[1]?.id ?? '')).toMatchObject({
      body: { hidden: 4 },
      alert: { ticker: 'SOLUSDT.P', quantity: '1', comment: '*** and ***' },
    })
  })

  it('keeps the bytes of a body that is no text', async () => {
    const [entry] = (await log('reason=ALERT_NOT_UNDERSTOOD')).entries
    expect(await trace(entry?.id ?? '')).toMatchObject({ kind: 'rejected', statusCode: 422, body: { hex: '7bff0022', bytes: 4 } })
  })
})

describe('searching', () => {
  it('finds any part of a text by its index, before and after that was brought up to date', async () => {
    await indexWords({ db: api.db })
    const body = async () => (await log('text=100%20%25%20SICHER')).total
    expect(await body()).toBe(1)
    await deliver('{"ticker":"BTCUSDT.P","action":"buy","quantity":"0.01","comment":"50_000 is \\\\ the level"}')
    const odd = async (text: string) => (await log(`text=${encodeURIComponent(text)}`)).total
    for (const round of ['waiting', 'indexed']) {
      expect([await odd('50_000'), await odd('50x000'), await odd('is \\\\ the'), await odd('%')], round).toEqual([1, 0, 1, 1])
      await indexWords({ db: api.db })
    }
    const plan = await api.db.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off')
      await tx.query('SET LOCAL enable_indexscan = off')
      return tx.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT 1 FROM signal s WHERE s.user_id = gen_random_uuid() AND lower(encode(s.raw_body, 'escape')) LIKE '%' || $1::text || '%'`,
        ['long 12'],
      )
    })
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('signal_body_idx')
  })
})
