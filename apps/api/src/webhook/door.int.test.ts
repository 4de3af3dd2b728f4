import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startApi, type Answer, type TestApi } from '../../test/start-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ env: { WEBHOOK_OPENS_PER_SECOND: '1000' } })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await api.db.query('TRUNCATE signal, delivery')
})

const alert = (fields: Record<string, string> = {}) => JSON.stringify({ symbol: 'BTCUSDT.P', action: 'buy', quantity: '0.01', ...fields })
const send = (body: string | Buffer, { path = api.webhookPath, headers = {} } = {}) => api.request('POST', path, { body, headers })
const deliveries = () =>
  api.db.query<{ outcome: string; errorCode: string | null; bytes: number | null }>(
    'SELECT outcome, error_code AS "errorCode", octet_length(raw_body) AS bytes FROM delivery ORDER BY received_at, id',
  )

describe('a good alert', () => {
  it('is answered once it is stored, in the words that senders know', async () => {
    const { status, body } = await send(alert())
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      message: 'Webhook received',
      responseTime: expect.stringMatching(/^\d+ms$/),
      signalId: expect.any(String),
    })
    const [signal] = await api.db.query<{ raw: Buffer; ticker: string; state: string }>(
      'SELECT raw_body AS raw, ticker, state FROM signal WHERE id = $1',
      [body.signalId],
    )
    expect(signal).toEqual({ raw: Buffer.from(alert()), ticker: 'BTCUSDT.P', state: 'RECEIVED' })
  })

  it.each(['text/plain', 'application/json', 'application/x-www-form-urlencoded'])(
    'is understood as %s: the header is not believed',
    async (type) => {
      expect(await send(alert(), { headers: { 'content-type': type } })).toMatchObject({ status: 200 })
    },
  )

  it('sent four times at once is one signal', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(alert())))
    expect(new Set(answers.map(({ body }) => body.signalId)).size).toBe(1)
    expect(answers.filter(({ body }) => body.duplicate === true)).toHaveLength(3)
    expect(await deliveries()).toHaveLength(4)
  })

  it('sent again after another one is a new signal: close, open, the same close', async () => {
    const ids = []
    for (const action of ['close', 'buy', 'close']) ids.push((await send(alert({ action }))).body.signalId)
    expect(new Set(ids).size).toBe(3)
  })

  it('is marked as acknowledged when its answer was written', async () => {
    await send(alert())
    await expect.poll(() => api.db.query('SELECT 1 FROM delivery WHERE acknowledged_at IS NOT NULL')).toHaveLength(1)
  })
})

describe('a wrong address', () => {
  it('looks the same whether the user, the token or both are unknown', async () => {
    const [, , , userId = '', token = ''] = api.webhookPath.split('/')
    const paths = [
      `/api/webhook/${userId}/wrong-token`,
      `/api/webhook/${randomUUID()}/${token}`,
      `/api/webhook/${randomUUID()}/wrong-token`,
      `/api/webhook/not-an-id/${token}`,
      `/api/webhook/${userId}/${token}/more`,
      `/api/webhook/${userId}/`,
      `/api/webhook/${userId}`,
    ]
    const answers = []
    for (const path of paths) answers.push(await send(alert(), { path }))
    const seen = answers.map(sameEveryTime)
    expect(new Set(seen).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 404, body: { success: false, error: { code: 'WEBHOOK_NOT_FOUND' } } })
    expect(await deliveries()).toEqual([])
  })

  it('looks the same for a body that the right address would refuse', async () => {
    const path = `/api/webhook/${api.userId}/wrong-token`
    const answers = [
      await send(alert(), { path }),
      await send('{', { path }),
      await send(gzipSync(alert()), { path, headers: { 'content-encoding': 'gzip' } }),
      await send('x'.repeat(20_000), { path }),
    ]
    expect(new Set(answers.map(sameEveryTime)).size).toBe(1)
  })

  it('stops working the moment it is replaced', async () => {
    await using own = await startApi()
    const { accessToken } = await own.signIn()
    expect((await own.request('POST', own.webhookPath, { body: alert() })).status).toBe(200)
    expect((await own.request('POST', '/api/bot/webhook/rotate', { token: accessToken })).status).toBe(200)
    await expect
      .poll(async () => (await own.request('POST', own.webhookPath, { body: alert({ comment: randomUUID() }) })).status, { timeout: 4_000 })
      .toBe(404)
  })

  function sameEveryTime({ status, body, headers }: Answer): string {
    const names = [...headers.keys()].filter((name) => !['date', 'x-request-id', 'connection', 'keep-alive'].includes(name))
    return JSON.stringify({ status, names, body: { ...body, error: { ...body.error, requestId: '' } } })
  }
})

describe('a bad alert', () => {
  it.each([
    ['nothing', '', 400, 'ALERT_EMPTY'],
    ['half a JSON text', '{"symbol":', 422, undefined],
    ['a placeholder that nobody filled in', alert({ quantity: '{{strategy.order.contracts}}' }), 422, 'ALERT_PLACEHOLDER_LEFT'],
    ['no symbol', JSON.stringify({ action: 'buy' }), 422, 'ALERT_NO_SYMBOL'],
    ['no action', JSON.stringify({ symbol: 'BTCUSDT.P' }), 422, 'ALERT_NO_ACTION'],
    ['a number beyond all bounds', '{"symbol":"BTCUSDT.P","action":"buy","quantity":1e999}', 422, undefined],
    ['ten thousand brackets', '['.repeat(10_000), 422, undefined],
  ])('of %s is refused and kept with the reason', async (_what, raw, status, code) => {
    const answer = await send(raw)
    expect(answer.status).toBe(status)
    if (code !== undefined) expect(answer.body.error?.code).toBe(code)
    expect(await deliveries()).toEqual([{ outcome: 'REJECTED', errorCode: answer.body.error?.code, bytes: Buffer.byteLength(raw) }])
    expect(await api.db.query('SELECT 1 FROM signal')).toEqual([])
  })

  it('of more than 16 kB is refused, and its beginning kept', async () => {
    expect(await send('x'.repeat(16 * 1024 + 1))).toMatchObject({ status: 413, body: { error: { code: 'ALERT_TOO_LARGE' } } })
    expect(await deliveries()).toEqual([{ outcome: 'REJECTED', errorCode: 'ALERT_TOO_LARGE', bytes: 16 * 1024 }])
  })

  it('that is compressed is refused unread', async () => {
    expect(await send(gzipSync(alert()), { headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      status: 415,
      body: { error: { code: 'ALERT_COMPRESSED' } },
    })
  })

  it('does not fail its neighbours in the same commit', async () => {
    const good = Array.from({ length: 10 }, (_, index) => alert({ comment: `${index}` }))
    const answers = await Promise.all([...good.slice(0, 5), alert({ comment: 'a\u0000b' }), ...good.slice(5)].map((body) => send(body)))
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(10)
    expect(answers.every(({ status }) => status < 500)).toBe(true)
  })
})

describe('when storage is not there', () => {
  it('says so with 503 before the sender gives up, and takes the alert once it is back', async () => {
    await using own = await startApi()
    await own.request('POST', own.webhookPath, { body: alert() })
    await using holder = await holdTable(own)
    const startedMs = performance.now()
    const answer = await own.request('POST', own.webhookPath, { body: alert({ comment: 'late' }) })
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'STORAGE_UNAVAILABLE' } } })
    expect(performance.now() - startedMs).toBeLessThan(2_900)
    await holder.release()
    await expect.poll(async () => (await own.request('POST', own.webhookPath, { body: alert({ comment: 'late' }) })).status).toBe(200)
    expect(await own.db.query(`SELECT 1 FROM signal WHERE alert ->> 'comment' = 'late'`)).toHaveLength(1)
  })

  async function holdTable(own: TestApi) {
    const client = await own.db.pool.connect()
    await client.query('BEGIN')
    await client.query('LOCK TABLE signal IN ACCESS EXCLUSIVE MODE')
    let held = true
    const release = async () => {
      if (!held) return
      held = false
      await client.query('ROLLBACK')
      client.release()
    }
    return { release, [Symbol.asyncDispose]: release }
  }
})

it('a sender that never finishes is cut off', async () => {
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(`POST ${api.webhookPath} HTTP/1.1\r\nhost: x\r\n`)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')))
  socket.resume()
  expect(await Promise.race([closed, sleep(10_000, 'still open')])).toBe('closed')
})
