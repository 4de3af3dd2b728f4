import { isApiError, type ApiError, type ApiErrorCode } from '@matic/sdk'
import { REFUSAL_REMEDIES } from './follow-words.ts'

export interface ErrorWords {
  readonly cause: string
  readonly remedy: string
  readonly requestId: string | null
}

const remedies: Partial<Record<ApiErrorCode, string>> = {
  UNREACHABLE: 'It is tried again by itself. If it stays away, look whether the server runs.',
  ANSWER_NOT_UNDERSTOOD: 'Reload the page: the server may be newer than what is open here.',
  LOGIN_FAILED: 'Check the address, the password and Caps Lock.',
  RATE_LIMITED: 'Wait a minute, then try again.',
  UNAUTHENTICATED: 'Sign in again.',
  TOKEN_EXPIRED: 'Sign in again.',
  STEP_UP_REQUIRED: 'Try again and enter your password when it is asked.',
  TWO_STEP_NEEDED: 'It takes an authenticator app and a minute, under Settings, Security.',
  PASSWORD_WRONG: 'Check it and Caps Lock, then try again.',
  SECOND_STEP_REQUIRED: 'Open your authenticator app, or take one of your recovery codes.',
  CODE_WRONG: 'Wait for the next code, or ask for a new one.',
  LINK_EXPIRED: 'Ask for a new link.',
  ACCOUNT_NOT_READY: 'The account is still being set up; this takes a few seconds.',
  NO_ACCOUNT: 'Connect an exchange account first.',
  ACCOUNT_EXISTS: 'Look for it in the list. One key is one account.',
  ACCOUNT_IN_USE: 'Close and cancel what is open, then try again. To stop new entries now, switch the account off.',
  ACCOUNT_LIMIT: 'Disconnect one that you no longer use.',
  STORAGE_UNAVAILABLE: 'Nothing was lost. Try again in a moment.',
  EXCHANGE_UNAVAILABLE: 'Open positions keep their stops at the exchange. Try again in a moment.',
  INTERNAL: 'Try again. If it comes back, pass the request id on to whoever runs this server.',
}

export function errorWords(error: unknown): ErrorWords {
  if (!isApiError(error)) return { cause: 'Something went wrong on this page.', remedy: 'Reload the page.', requestId: null }
  return { cause: error.message, remedy: refusalRemedy(error) ?? remedies[error.code] ?? 'Try again.', requestId: error.requestId }
}

/** A follow is refused for many reasons, each with something else to do about it. */
function refusalRemedy({ code, details }: ApiError): string | undefined {
  const reason: unknown = details?.['reason']
  return code === 'FOLLOW_REFUSED' && typeof reason === 'string' ? REFUSAL_REMEDIES[reason] : undefined
}
