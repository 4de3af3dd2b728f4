import { ERROR_STATUS, isAppError, type ErrorCode, type ErrorDetails, type FailureEnvelope } from '@matic/contracts'
import type { ErrorRequestHandler } from 'express'
import type { ApiContext } from '../context.ts'

export interface Failure {
  readonly status: number
  readonly body: FailureEnvelope
}

export function failure(code: ErrorCode, message: string, requestId: string, details?: ErrorDetails): Failure {
  return {
    status: ERROR_STATUS[code],
    body: { success: false, message, error: { code, ...(details === undefined ? {} : { details }), requestId } },
  }
}

/** The one place where an error becomes an answer. What nobody foresaw says nothing about itself. */
export function failureHandler(ctx: ApiContext): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) return next(error)
    const requestId = ctx.log.requests.requestId() ?? ''
    const { status, body } = understand(error, requestId, ctx)
    const retryAfter = body.error.details?.['retryAfterSeconds']
    if (typeof retryAfter === 'number') res.setHeader('retry-after', String(retryAfter))
    res.status(status).json(body)
  }
}

function understand(error: unknown, requestId: string, ctx: ApiContext): Failure {
  if (isAppError(error)) {
    if (ERROR_STATUS[error.code] >= 500) ctx.log.warn({ err: error }, 'a request failed')
    return failure(error.code, error.message, requestId, error.details)
  }
  const bad = badRequest(error)
  if (bad !== undefined) return failure('VALIDATION_FAILED', bad, requestId)
  ctx.log.error({ err: error }, 'a request failed in a way nobody foresaw')
  return failure('INTERNAL', 'Something went wrong on our side. It was noted.', requestId)
}

/** What Express and its body parser refuse by themselves. */
function badRequest(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number' || error.status >= 500) return undefined
  const type = 'type' in error ? error.type : undefined
  if (type === 'entity.parse.failed') return 'The body is not valid JSON'
  if (type === 'entity.too.large') return 'The body is too large'
  return 'The request is malformed'
}
