import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError, ERROR_STATUS, isAppError, TRADINGVIEW_ADDRESSES, type ErrorCode, type ErrorDetails } from '@matic/contracts'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { findOwnAccount, notePreviousToken, recordRejection, type KnownWebhook } from '@matic/services/webhook/index'
import type { ApiContext } from '../context.ts'
import { failure } from '../http/failure.ts'
import { narrowed, ONE_ADDRESS, orderDetails, secretOf, without } from './one-address.ts'
import { senderOf } from './sender.ts'
import { createOpensGuard } from './opens-guard.ts'
import { readBody, type Body } from './read-body.ts'

/** Answers alerts, ahead of everything else: no middleware, the body read once, 2xx only after the commit. */
export interface WebhookDoor {
  /** True when the request is an alert and is being answered. */
  takes(req: IncomingMessage, res: ServerResponse): boolean
}

interface Knock {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly requestId: string
  readonly receivedAtMs: number
  readonly startedMs: number
  readonly form?: 'one-address'
}

const PREFIX = '/api/webhook/'
const BODY_BYTES_MAX = 16 * 1024
const NOBODY = Buffer.alloc(32)

export function createWebhookDoor(ctx: ApiContext): WebhookDoor {
  const { clock, ingest, log } = ctx
  const guard = createOpensGuard({ clock, perSecond: ctx.config.webhookOpensPerSecond, shared: ctx.sharedOpens })

  function takes(req: IncomingMessage, res: ServerResponse): boolean {
    if (req.method !== 'POST' || req.url?.startsWith(PREFIX) !== true) return false
    const knock = { req, res, requestId: ctx.newId(), receivedAtMs: clock.now(), startedMs: clock.monotonic() }
    const [userId = '', token = '', ...rest] = pathOf(req.url).slice(PREFIX.length).split('/')
    if (userId === ONE_ADDRESS && token === '' && rest.length === 0) {
      readBody(req, BODY_BYTES_MAX, (body) => enterBySecret(knock, body))
      return true
    }
    readBody(req, BODY_BYTES_MAX, (body) => {
      const tokenHash = sha256(token)
      const found = rest.length > 0 ? null : ctx.webhooks.find(tokenHash)
      const enterAs = (webhook: KnownWebhook | null) => enter(knock, isTheirs(webhook, userId, tokenHash) ? webhook : null, body, token)
      if (found instanceof Promise) found.then(enterAs, (err: unknown) => fail(knock, err))
      else enterAs(found)
    })
    return true
  }

  /** The token stands in the body. It is stored nowhere: not even with the alert. */
  function enterBySecret(knock: Knock, body: Body): void {
    const secret = body.kind === 'whole' ? secretOf(body.bytes) : undefined
    if (secret === undefined || body.kind !== 'whole') return refuse(knock, wrongSecret())
    const enterAs = (webhook: KnownWebhook | null) => {
      if (webhook === null) return refuse(knock, wrongSecret())
      return pass({ ...knock, form: 'one-address' }, webhook, without(body, secret))
    }
    const found = ctx.webhooks.find(sha256(secret))
    if (found instanceof Promise) found.then(enterAs, (err: unknown) => fail(knock, err))
    else enterAs(found)
  }

  /** A message made for the one address has the token in it here too. */
  function enter(knock: Knock, webhook: KnownWebhook | null, body: Body, token: string): void {
    if (webhook === null) return refuse(knock, new AppError('WEBHOOK_NOT_FOUND', 'Unknown webhook address'))
    pass(knock, webhook, without(body, token))
  }

  function pass(knock: Knock, webhook: KnownWebhook, body: Body): void {
    if (webhook.onlyTradingView && !TRADINGVIEW_ADDRESSES.includes(senderOf(knock.req, ctx.config.trustProxyHops)))
      return reject(knock, webhook, Buffer.alloc(0), new AppError('WEBHOOK_ORIGIN', 'This address takes alerts from TradingView only'))
    if (webhook.isPrevious)
      notePreviousToken({ db: ctx.db, input: { webhookId: webhook.id } }).catch((err: unknown) => log.debug({ err }, 'not noted'))
    accept(knock, webhook, body).catch((err: unknown) => fail(knock, err))
  }

  async function accept(knock: Knock, webhook: KnownWebhook, body: Body): Promise<void> {
    if (body.kind === 'compressed') {
      return reject(
        knock,
        webhook,
        Buffer.alloc(0),
        new AppError('ALERT_COMPRESSED', 'Send the alert uncompressed, without content-encoding'),
      )
    }
    if (body.kind === 'too-large') {
      return reject(knock, webhook, body.bytes, new AppError('ALERT_TOO_LARGE', `An alert has at most ${BODY_BYTES_MAX} bytes`))
    }
    const parsed = parseAlert(body.bytes)
    if (!parsed.ok) return reject(knock, webhook, body.bytes, new AppError(parsed.code, parsed.message, detailsOption(parsed.details)))
    if (!guard.admits(webhook.id, parsed.alert)) return refuse(knock, tooMany())
    const read = narrowed(parsed.alert, webhook, knock.form)
    let exchange: string | null = null
    if (read.accountId !== null) {
      try {
        const account = await findOwnAccount({ db: ctx.doorDb, input: { userId: webhook.userId, accountId: read.accountId } })
        exchange = account.exchange
      } catch (err) {
        if (!isAppError(err)) throw err
        return reject(knock, webhook, body.bytes, err)
      }
    }

    const deliveryId = ctx.newId()
    ingest
      .submit({
        id: ctx.newId(),
        userId: webhook.userId,
        source: 'WEBHOOK',
        sourceId: webhook.id,
        receivedAtMs: knock.receivedAtMs,
        rawBody: body.bytes,
        alert: read,
        requestId: knock.requestId,
        deliveryId,
      })
      .then(
        ({ signalId, duplicate }) => {
          const responseTime = `${Math.round(clock.monotonic() - knock.startedMs)}ms`
          knock.res.once('finish', () => ingest.acknowledge(deliveryId))
          observe(knock, duplicate ? 'duplicate' : 'accepted')
          const again = duplicate ? { duplicate } : {}
          if (knock.form === 'one-address') {
            const details = orderDetails({ alert: read, exchange, signalId })
            return answer(knock, 200, {
              success: true,
              message: `Accepted as signal ${signalId}`,
              signalId,
              ...again,
              order_details: details,
            })
          }
          answer(knock, 200, { success: true, message: 'Webhook received', responseTime, signalId, ...again })
        },
        (err: unknown) => {
          if (isAppError(err) && err.code === 'ALERT_NOT_UNDERSTOOD') reject(knock, webhook, body.bytes, err)
          else fail(knock, err)
        },
      )
  }

  /** The owner is told what to fix, and finds the alert among the rejected ones. */
  function reject(knock: Knock, webhook: KnownWebhook, rawBody: Buffer, error: AppError): void {
    if (!guard.admits(webhook.id, null)) return refuse(knock, tooMany())
    const { code, message, details } = error
    const { receivedAtMs, requestId } = knock
    const input = {
      userId: webhook.userId,
      webhookId: webhook.id,
      receivedAtMs,
      rawBody,
      statusCode: ERROR_STATUS[code],
      code,
      message,
      details,
      requestId,
    }
    recordRejection({ ctx: { ...ctx, db: ctx.doorDb }, input })
      .catch((err: unknown) => log.warn({ err, requestId }, 'a rejected alert could not be kept'))
      .finally(() => refuse(knock, error))
  }

  function fail(knock: Knock, err: unknown): void {
    if (isAppError(err)) return refuse(knock, err)
    log.warn({ err, requestId: knock.requestId }, 'an alert could not be taken')
    refuse(knock, new AppError('STORAGE_UNAVAILABLE', 'The alert could not be stored. Send it again.'))
  }

  function refuse(knock: Knock, error: { code: ErrorCode; message: string; details: ErrorDetails | undefined }): void {
    const { status, body } = failure(error.code, error.message, knock.requestId, error.details)
    observe(knock, error.code)
    answer(knock, status, body)
  }

  function observe(knock: Knock, outcome: string): void {
    ctx.metrics.webhookAnswered(outcome, (clock.monotonic() - knock.startedMs) / 1_000)
  }

  return { takes }
}

function answer({ req, res, requestId }: Knock, status: number, body: object): void {
  if (res.headersSent || res.destroyed) return
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-request-id': requestId,
    // What was not read cannot be skipped on a connection that stays.
    ...(req.readableEnded ? {} : { connection: 'close' }),
  })
  res.end(text)
}

/** Both are compared in full: how long it takes says nothing. */
function isTheirs(webhook: KnownWebhook | null, userId: string, tokenHash: Buffer): boolean {
  const sameToken = timingSafeEqual(tokenHash, webhook?.tokenHash ?? NOBODY)
  const sameUser = timingSafeEqual(sha256(userId.toLowerCase()), sha256(webhook?.userId ?? ''))
  return sameToken && sameUser && webhook !== null
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function wrongSecret(): AppError {
  return new AppError('WEBHOOK_SECRET_INVALID', 'Invalid webhook secret')
}

function tooMany(): AppError {
  return new AppError('RATE_LIMITED', 'Too many alerts a second at this address. Closes are still taken.')
}

function detailsOption(details: ErrorDetails | undefined): { details?: ErrorDetails } {
  return details === undefined ? {} : { details }
}
