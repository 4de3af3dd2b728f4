import { createDb, type Db } from '@matic/db'
import { createClock, createIds, createLogger, createRandom, createTimings } from '@matic/platform'
import { createDatabase } from '@matic/testkit'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { ServiceContext } from '../context.ts'
import { insertMail } from './queue-mail.ts'
import { sendMails } from './send-mails.ts'
import { createSmtpPostman } from './smtp-postman.ts'

const frontendUrl = 'https://trade.example.org'
let database: Awaited<ReturnType<typeof createDatabase>>
let db: Db
let ctx: ServiceContext
let server: SMTPServer
let port: number
let refusals = 0
const received: string[] = []

beforeAll(async () => {
  database = await createDatabase()
  db = createDb({ databaseUrl: database.url, applicationName: 'mail test', poolSize: 4 })
  const clock = createClock()
  const random = createRandom()
  ctx = {
    db,
    clock,
    random,
    log: createLogger({ name: 'test', level: 'error', format: 'json' }),
    timings: createTimings(1),
    newId: createIds({ clock, random }),
    doorbell: { ring: () => undefined },
    bus: { publish: () => undefined },
  }
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
      stream.on('end', () => {
        if (refusals > 0) {
          refusals -= 1
          return done(new Error('not now'))
        }
        received.push(text)
        done()
      })
    },
  })
  port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
})
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()))
  await db.close()
  await database.drop()
})
beforeEach(async () => {
  received.length = 0
  refusals = 0
  await db.query('DELETE FROM mail')
})

function queue({ usefulMs = 60_000, name = 'Ada' } = {}): Promise<void> {
  const content = { template: 'verify-email', params: { name, code: '123456', minutes: 10 } } as const
  const usefulUntil = new Date(Date.now() + usefulMs)
  return db.transaction((tx) => insertMail(tx, ctx, { userId: ctx.newId(), recipient: 'ada@example.org', content, usefulUntil }))
}

async function deliver(): Promise<number> {
  const smtp = { host: '127.0.0.1', port, user: undefined, from: 'Matic Trade <trade@example.org>' }
  const postman = createSmtpPostman({ smtp, password: undefined })
  const sent = await sendMails({ ctx, postman, frontendUrl })
  postman.close()
  return sent
}
const rows = () => db.query<{ state: string; params: object; attempts: number }>('SELECT state, params, attempts FROM mail')

it('a mail goes out once, with its words, and what it said is not kept', async () => {
  await queue()
  await Promise.all([deliver(), deliver(), deliver()])
  expect(received).toHaveLength(1)
  expect(received[0]).toContain('To: ada@example.org')
  expect(received[0]).toContain('Subject: 123456 is your code for Matic Trade')
  expect(received[0]).toContain('https://trade.example.org/verify-email')
  expect(await rows()).toEqual([{ state: 'SENT', params: {}, attempts: 1 }])
})

it('a mail that is refused waits, is tried again under the same id, and arrives', async () => {
  refusals = 1
  await queue()
  await deliver()
  expect(await rows()).toMatchObject([{ state: 'QUEUED', attempts: 1, params: { code: '123456' } }])
  await deliver()
  expect(received).toEqual([])
  await db.query('UPDATE mail SET next_at = now()')
  await deliver()
  expect(received).toHaveLength(1)
  expect(await rows()).toMatchObject([{ state: 'SENT', attempts: 2 }])
})

it('a mail whose worker died while sending is sent by the next one', async () => {
  await queue()
  const dead = sendMails({ ctx, postman: { deliver: () => new Promise(() => undefined) }, frontendUrl })
  dead.catch(() => undefined)
  await expect.poll(async () => (await rows())[0]?.attempts).toBe(1)
  await db.query('UPDATE mail SET next_at = now()')
  await deliver()
  expect(received).toHaveLength(1)
})

it('a mail that is of no use any more is not sent', async () => {
  await queue({ usefulMs: -1 })
  await deliver()
  expect(received).toEqual([])
  expect(await rows()).toMatchObject([{ state: 'EXPIRED', params: {} }])
})

it('names cannot write headers or markup', async () => {
  await queue({ name: 'Eve\r\nBcc: everybody@example.org <img src=x>' })
  await deliver()
  const [head, ...body] = (received[0] ?? '').split('\r\n\r\n')
  expect(head).not.toContain('everybody')
  expect(body.join('\n')).toContain('&lt;img')
  expect(received[0]).toContain('To: ada@example.org')
})
