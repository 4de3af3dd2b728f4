import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Account, VenueState } from '../../engine/state.ts'
import { missing, WireError } from './errors.ts'
import type { WireRequest } from './request.ts'

const DEFAULT_RECV_WINDOW_MS = 5_000
const LONGEST_RECV_WINDOW_MS = 60_000
const AHEAD_MS = 1_000

/** The key's owner, whoever it is. Order of checks as the real exchange has it: key, then time, then signature. */
export function authenticate(state: VenueState, request: WireRequest): Account {
  const { apiKey } = request
  if (apiKey === undefined || apiKey === '' || !/^[A-Za-z0-9]{16,128}$/.test(apiKey))
    throw new WireError(-2014, 'API-key format invalid.', 401)
  const account = state.byApiKey.get(apiKey)
  if (account === undefined || account.revoked) throw new WireError(-2015, 'Invalid API-key, IP, or permissions for action.', 401)
  return account
}

/** Time and signature of a request against the exchange's clock; throws -1102, -1131, -1021, -1022. */
export function checkSigned(request: WireRequest, account: Account, nowMs: number): void {
  const { params } = request
  const timestamp = integer(params.get('timestamp'))
  if (timestamp === undefined) throw missing('timestamp')
  const given = params.get('recvWindow')
  const recvWindow = given === undefined ? DEFAULT_RECV_WINDOW_MS : integer(given)
  if (recvWindow === undefined) throw missing('recvWindow')
  if (recvWindow > LONGEST_RECV_WINDOW_MS) throw new WireError(-1131, `recvWindow must be less than ${LONGEST_RECV_WINDOW_MS}`)
  if (timestamp >= nowMs + AHEAD_MS) throw new WireError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
  if (nowMs - timestamp > recvWindow) throw new WireError(-1021, 'Timestamp for this request is outside of the recvWindow.')
  const signature = params.get('signature')
  if (signature === undefined || signature === '') throw missing('signature')
  if (!isSignedBy(request, account.secret, signature)) throw new WireError(-1022, 'Signature for this request is not valid.')
}

/** HMAC-SHA256 over query and body exactly as they came, without the signature itself. */
function isSignedBy(request: WireRequest, secret: string, signature: string): boolean {
  const payload = withoutSignature(request.query) + withoutSignature(request.body)
  const expected = createHmac('sha256', secret).update(payload).digest()
  const presented = Buffer.from(signature, 'hex')
  return presented.length === expected.length && timingSafeEqual(presented, expected)
}

function withoutSignature(text: string): string {
  if (!text.includes('signature=')) return text
  return text
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&')
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
