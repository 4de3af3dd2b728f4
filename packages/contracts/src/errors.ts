/** Every failure a caller can meet, with its HTTP status. The one list. */
export const ERROR_STATUS = {
  VALIDATION_FAILED: 400,
  ALERT_EMPTY: 400,
  ALERT_TOO_LARGE: 413,
  ALERT_COMPRESSED: 415,
  ALERT_NOT_UNDERSTOOD: 422,
  ALERT_PLACEHOLDER_LEFT: 422,
  ALERT_NOT_A_NUMBER: 422,
  ALERT_NO_SYMBOL: 422,
  ALERT_NO_ACTION: 422,
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  LOGIN_FAILED: 401,
  SECOND_STEP_REQUIRED: 401,
  CODE_WRONG: 400,
  PASSWORD_WRONG: 400,
  LINK_EXPIRED: 400,
  STEP_UP_REQUIRED: 403,
  TWO_STEP_NEEDED: 403,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  WEBHOOK_NOT_FOUND: 404,
  WEBHOOK_SECRET_INVALID: 401,
  WEBHOOK_ORIGIN: 403,
  MARKET_NOT_FOUND: 404,
  POSITION_NOT_FOUND: 404,
  ORDER_NOT_FOUND: 404,
  CONFLICT: 409,
  ACCOUNT_NOT_FOUND: 404,
  NO_ACCOUNT: 409,
  ACCOUNT_EXISTS: 409,
  ACCOUNT_IN_USE: 409,
  ACCOUNT_LIMIT: 409,
  ACCOUNT_NOT_READY: 409,
  FOLLOW_REFUSED: 409,
  ORDER_REFUSED: 422,
  RATE_LIMITED: 429,
  EXCHANGE_UNAVAILABLE: 502,
  STORAGE_UNAVAILABLE: 503,
  INTERNAL: 500,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export type ErrorDetails = Record<string, string | number | boolean | null | readonly string[]>

/** Compare `code`, never class identity: the module may be loaded twice. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = options.details
  }
}

export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in ERROR_STATUS
}

export class InvariantError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvariantError'
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
