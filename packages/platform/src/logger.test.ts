import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import type { LoggerOptions } from './logger.ts'

function logTo(options: Partial<LoggerOptions> = {}) {
  const stream = new PassThrough()
  const logger = createLogger({ name: 'api', level: 'debug', format: 'json', stream, ...options })
  const text = () => String(stream.read() ?? '')
  const lines = () =>
    text()
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return { logger, text, lines }
}

describe('logger', () => {
  it('writes one JSON object a line with the fields of its ancestors', () => {
    const { logger, lines } = logTo()
    logger.child({ userId: 'u1' }).child({ signalId: 's1' }).info({ orders: 3 }, 'signal dispatched')
    expect(lines()[0]).toMatchObject({
      level: 'info',
      process: 'api',
      message: 'signal dispatched',
      userId: 'u1',
      signalId: 's1',
      orders: 3,
    })
  })

  it('keeps the request id through everything that a request awaits', async () => {
    const { logger, lines } = logTo()
    await logger.requests.run('req-1', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      logger.info({}, 'inside')
    })
    logger.info({}, 'outside')
    expect(lines().map((line) => line.requestId)).toEqual(['req-1', undefined])
  })

  it('stays below its level', () => {
    const { logger, lines } = logTo({ level: 'warn' })
    logger.info({}, 'no')
    logger.error({}, 'yes')
    expect(lines().map((line) => line.message)).toEqual(['yes'])
  })

  it('hides secrets by name, at any depth', () => {
    const { logger, text } = logTo()
    logger.info({ password: 'hunter2', body: { apiKey: 'AK', headers: [{ authorization: 'xyz' }], tokenId: 'shown' } }, 'x')
    const line = text()
    expect(line).not.toMatch(/hunter2|"AK"|xyz/)
    expect(line).toContain('shown')
  })

  it('hides registered values wherever they turn up, until forgotten', () => {
    const { logger, text } = logTo()
    const forget = logger.redactor.register('kQ3v9xPq77aa')
    logger.redactor.register('odd secret/with=signs')
    logger.error({ err: new Error('refused kQ3v9xPq77aa at once') }, 'call to https://h/x?key=kQ3v9xPq77aa failed: odd secret/with=signs')
    expect(text()).not.toMatch(/kQ3v9xPq77aa|odd secret/)
    forget()
    logger.info({}, 'kQ3v9xPq77aa')
    expect(text()).toContain('kQ3v9xPq77aa')
  })

  it.each([
    ['a signed query', 'GET /fapi/v1/order?symbol=BTCUSDT&signature=abcdef0123456789 failed', 'abcdef0123456789'],
    ['a bearer token', 'authorization was Bearer abcdefghij12345', 'abcdefghij12345'],
    ['a JWT', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.c2lnbmF0dXJl', 'eyJzdWIiOiIxIn0abc'],
    ['a database address', 'connect postgresql://matic:pa55word@db:5432/x', 'pa55word'],
    ['a webhook address', 'POST /api/webhook/0190-abc/Zm9vYmFyYmF6cXV4', 'Zm9vYmFyYmF6cXV4'],
    ['an exchange header', 'headers {"X-MBX-APIKEY":"vmPUZE6mv9SD5VNHk4HlWFsO"}', 'vmPUZE6mv9SD5VNHk4HlWFsO'],
  ])('hides %s by its shape', (_what, message, hidden) => {
    const { logger, text } = logTo()
    logger.warn({}, message)
    expect(text()).not.toContain(hidden)
  })

  it('survives circles, depth, long texts, big integers and broken errors', () => {
    const { logger, lines } = logTo()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'E1' })
    logger.info({ circle, text: 'x'.repeat(10_000), big: 10n, bytes: new Uint8Array(9), err: error }, 'odd')
    const [line] = lines()
    expect(line.text.length).toBeLessThan(4_100)
    expect(line).toMatchObject({ big: '10', bytes: '9 bytes', err: { message: 'outer', code: 'E1', cause: { message: 'inner' } } })
  })

  it('is readable in development', () => {
    const { logger, text } = logTo({ format: 'readable' })
    logger.warn({ symbol: 'BTCUSDT', orders: 2 }, 'late')
    expect(text()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN  api    late symbol=BTCUSDT orders=2\n$/)
  })

  it('drops lines instead of waiting for a reader that does not read', async () => {
    const source = `
      import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
      const logger = createLogger({ name: 'test', level: 'info', format: 'json' })
      for (let i = 0; i < 30_000; i++) logger.info({ text: 'x'.repeat(1_000) }, 'line')
      process.stderr.write(String(logger.droppedLines()))
      process.exit(0)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] })
    let dropped = ''
    child.stderr.on('data', (chunk) => (dropped += chunk))
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(Number(dropped)).toBeGreaterThan(20_000)
  }, 20_000)

  it('writes out its backlog at the end', () => {
    const source = `
      import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
      const logger = createLogger({ name: 'test', level: 'info', format: 'json' })
      for (let i = 0; i < 500; i++) logger.info({ i }, 'line')
      await logger.close()
      process.exit(0)`
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' })
    expect(out.trim().split('\n')).toHaveLength(500)
  })
})
