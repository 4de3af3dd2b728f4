import { ERROR_STATUS, type ErrorCode } from '@matic/contracts'

/** What the API may answer, and what only the caller can see: no answer at all, or one that is not ours. */
export type ApiErrorCode = ErrorCode | 'UNREACHABLE' | 'ANSWER_NOT_UNDERSTOOD'

export interface ApiErrorInput {
  readonly code: ApiErrorCode
  readonly message: string
  readonly details?: Record<string, unknown> | undefined
  readonly requestId?: string | null
  /** HTTP status; 0 where there was no answer. */
  readonly status?: number
  readonly cause?: unknown
}

export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly details: Record<string, unknown> | undefined
  readonly requestId: string | null
  readonly status: number

  constructor({ code, message, details, requestId = null, status = 0, cause }: ApiErrorInput) {
    super(message, { cause })
    this.name = 'ApiError'
    this.code = code
    this.details = details
    this.requestId = requestId
    this.status = status
  }
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && 'code' in error
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code)
}
