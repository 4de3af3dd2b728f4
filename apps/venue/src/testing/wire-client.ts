import { createHmac } from 'node:crypto'

export interface Key {
  readonly ref: string
  readonly apiKey: string
  readonly secret: string
}

export interface WireAnswer {
  readonly status: number
  readonly body: unknown
  readonly text: string
}

export type Fields = Readonly<Record<string, string | number | boolean>>

export const adminToken = 'a-token-for-tests-only'

/** Speaks to a running venue as a stranger would: nothing of its code is shared. */
export function createWireClient(url: string, clock: () => number = Date.now) {
  const read = async (response: Response): Promise<WireAnswer> => {
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith('<') ? undefined : JSON.parse(text) }
  }
  const admin = async (method: string, path: string, body?: unknown): Promise<WireAnswer> =>
    read(
      await fetch(url + path, {
        method,
        headers: { 'x-venue-admin': adminToken },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )

  return {
    admin,
    async open(ref: string, depositUsdt = '10000'): Promise<Key> {
      const answer = await admin('POST', '/venue/accounts', { ref, depositUsdt })
      return answer.body as Key
    },
    async pin(symbol: string, mark: string | null): Promise<void> {
      await admin('POST', '/venue/prices', { symbol, mark })
    },
    async get(path: string): Promise<WireAnswer> {
      return read(await fetch(url + path))
    },
    /** Signed at `clock()` unless the fields say otherwise. */
    async call(key: Key, method: string, path: string, fields: Fields = {}, signWith = key.secret): Promise<WireAnswer> {
      const query = encode({ timestamp: clock(), ...fields })
      const signed = `${query}&signature=${createHmac('sha256', signWith).update(query).digest('hex')}`
      const inUrl = method === 'GET' || method === 'DELETE'
      return read(
        await fetch(url + path + (inUrl ? `?${signed}` : ''), {
          method,
          headers: { 'X-MBX-APIKEY': key.apiKey, 'content-type': 'application/x-www-form-urlencoded' },
          ...(inUrl ? {} : { body: signed }),
        }),
      )
    },
  }
}

function encode(fields: Fields): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) params.set(name, String(value))
  return params.toString()
}

export type WireClient = ReturnType<typeof createWireClient>
