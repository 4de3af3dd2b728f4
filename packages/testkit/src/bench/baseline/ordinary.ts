import { createHash, randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { createPostgresBackend, Queue, Worker } from 'bullmq'
import ccxt from 'ccxt'
import express from 'express'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { PrismaClient } from '../../../../db/src/generated/client.ts'

/**
 * The way such a door is usually built: Express with its JSON parser, a token looked up and the alert inserted through Prisma,
 * a BullMQ job for each alert, and a worker that sends the order through CCXT. No deduplication, no write-ahead, no stop.
 */
const databaseUrl = process.env['DATABASE_URL'] ?? ''
const redisUrl = process.env['REDIS_URL']
const venueUrl = process.env['VENUE_URL']

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: 20 }) })
const Body = z.object({ symbol: z.string(), action: z.string(), quantity: z.coerce.number().optional(), comment: z.string() })
const Job = z.object({
  mark: z.string(),
  marketId: z.string(),
  action: z.string(),
  quantity: z.number(),
  apiKey: z.string(),
  secret: z.string(),
})

const queueOptions = { removeOnComplete: true, removeOnFail: true }
const queue =
  redisUrl === undefined || redisUrl === ''
    ? new Queue(
        'ordinary',
        { connection: { connectionString: databaseUrl, migrate: true, schema: 'ordinary' }, defaultJobOptions: queueOptions },
        createPostgresBackend,
      )
    : new Queue('ordinary', { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }), defaultJobOptions: queueOptions })

const keys = z
  .record(z.string(), z.object({ apiKey: z.string(), secret: z.string() }))
  .parse(JSON.parse(process.env['ACCOUNT_KEYS'] ?? '{}'))

const app = express()
app.use(express.json())
app.post('/api/webhook/:userId/:token', async (request, response) => {
  const body = Body.parse(request.body)
  const webhook = await prisma.webhook.findUnique({ where: { tokenHash: createHash('sha256').update(request.params.token).digest() } })
  if (webhook === null) return response.status(404).json({ success: false })
  const raw = Buffer.from(JSON.stringify(request.body))
  await prisma.signal.create({
    data: {
      id: randomUUID(),
      userId: webhook.userId,
      source: 'WEBHOOK',
      sourceId: webhook.id,
      receivedAt: new Date(),
      rawBody: raw,
      bodyHash: createHash('sha256').update(raw).digest(),
      ticker: body.symbol,
      alert: request.body,
      state: 'DISPATCHED',
    },
  })
  const key = keys[webhook.userId]
  await queue.add('order', {
    mark: body.comment,
    marketId: body.symbol.replace('.P', ''),
    action: body.action,
    quantity: body.quantity ?? 0,
    apiKey: key?.apiKey ?? '',
    secret: key?.secret ?? '',
  })
  return response.json({ success: true, message: 'Webhook received' })
})

if (venueUrl !== undefined && venueUrl !== '') await startWorker(venueUrl)
app.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('baseline ready'))
process.on('SIGTERM', () => process.exit(0))

async function startWorker(baseUrl: string): Promise<void> {
  const fetchImplementation = (url: string, init: RequestInit) => {
    const target = new URL(url)
    return fetch(`${baseUrl}${target.pathname}${target.search}`, init)
  }
  const shared = new ccxt.binanceusdm({ fetchImplementation, enableRateLimit: false })
  await shared.loadMarkets()
  const clients = new Map<string, InstanceType<typeof ccxt.binanceusdm>>()
  const clientOf = (apiKey: string, secret: string) => {
    const existing = clients.get(apiKey)
    if (existing !== undefined) return existing
    const client = new ccxt.binanceusdm({ apiKey, secret, fetchImplementation, enableRateLimit: false })
    client.setMarketsFromExchange(shared)
    clients.set(apiKey, client)
    return client
  }
  const process = async (data: unknown): Promise<void> => {
    const job = Job.parse(data)
    const symbol = shared.markets_by_id?.[job.marketId]?.[0]?.symbol
    if (symbol === undefined) return
    await clientOf(job.apiKey, job.secret).createOrder(symbol, 'market', job.action === 'buy' ? 'buy' : 'sell', job.quantity, undefined, {
      newClientOrderId: job.mark,
    })
  }
  const worker =
    redisUrl === undefined || redisUrl === ''
      ? new Worker(
          'ordinary',
          (job) => process(job.data),
          { connection: { connectionString: databaseUrl, migrate: true, schema: 'ordinary' }, concurrency: 20 },
          createPostgresBackend,
        )
      : new Worker('ordinary', (job) => process(job.data), {
          connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
          concurrency: 20,
        })
  worker.on('error', () => undefined)
  worker.on('failed', (_job, error) => console.error(error.message))
}
