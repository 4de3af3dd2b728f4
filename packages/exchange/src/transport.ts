import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent } from 'undici'
import type { RequestBudget, Turns } from './request-budget.ts'

/** One request as it really went, noted beside CCXT's own view of it. */
export interface RequestNote {
  /** It may have left this machine. */
  sent: boolean
  status: number | null
  retryAfter: string | null
  body: string | null
  /** What the request proved itself with: an exchange may say it back in its answer. */
  credentials: readonly string[]
  /** Why no answer came: an error code such as ECONNRESET, or `timeout`. */
  transport: string | null
}

export interface RequestInit {
  method?: string
  headers?: Record<string, string>
  body?: string | null
  signal?: AbortSignal
}

/** As much of a Response as CCXT reads. */
export interface ReadResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  text(): Promise<string>
}

export interface Transport {
  /** What CCXT calls instead of fetch. */
  fetchImplementation(url: string, init: RequestInit): Promise<ReadResponse>
  /** Notes the last request that `work` makes, however deep in CCXT. */
  observe<T>(note: RequestNote, work: () => Promise<T>, paid?: Paid): Promise<T>
  close(): Promise<void>
}

/** Which of them are in the budget already. */
export interface Paid {
  /** The first so many. */
  readonly requests: number
  /** Those after them, as far as these go. */
  readonly turns?: Turns | undefined
}

export interface TransportOptions {
  /** Where requests really go; the host of the request when left out. */
  readonly baseUrl?: string
  /** Connections to one host, kept open and shared by all accounts. */
  readonly connectionsMax?: number
  /** What may be asked from here; anything when left out. */
  readonly budget?: RequestBudget | undefined
}

export function createTransport({ baseUrl, connectionsMax = 512, budget }: TransportOptions): Transport {
  const agent = new Agent({ connections: connectionsMax, keepAliveTimeout: 30_000, pipelining: 1 })
  const observed = new AsyncLocalStorage<{ readonly note: RequestNote; paid: number; readonly turns?: Turns | undefined }>()

  const send = async (note: RequestNote, url: string, init: RequestInit): Promise<ReadResponse> => {
    const asked = new URL(url)
    Object.assign(note, newNote(), { sent: true, credentials: credentialsIn(init.headers ?? {}) })
    try {
      const response = await agent.request({
        origin: baseUrl ?? asked.origin,
        path: `${asked.pathname}${asked.search}`,
        method: methodOf(init.method),
        headers: init.headers ?? {},
        body: init.body ?? null,
        signal: init.signal ?? null,
      })
      // Read here, so that the time limit covers the body too.
      const body = await response.body.text()
      const retryAfter = response.headers['retry-after']
      note.status = response.statusCode
      note.retryAfter = typeof retryAfter === 'string' ? retryAfter : null
      note.body = body
      if (response.statusCode >= 300 && response.statusCode < 400) throw new Redirected(response.statusCode)
      return { status: response.statusCode, statusText: '', headers: response.headers, text: () => Promise.resolve(body) }
    } catch (error) {
      note.transport = transportCode(error)
      throw error
    }
  }

  return {
    fetchImplementation(url, init) {
      const own = observed.getStore() ?? { note: newNote(), paid: 0 }
      own.paid -= 1
      const ask = () => send(own.note, url, init)
      return budget === undefined || own.paid >= 0 ? ask() : spend(budget, own.turns, ask)
    },
    observe: (note, work, { requests, turns } = { requests: 0 }) => observed.run({ note, paid: requests, turns }, work),
    close: () => agent.close(),
  }
}

/** One request, by a turn that was taken for it or when it has one of its own. */
export function spend<T>(budget: RequestBudget, turns: Turns | undefined, request: () => Promise<T>): Promise<T> {
  return turns?.use() === true ? request().finally(() => budget.settle()) : budget.spend(turns?.kind ?? 'urgent', request)
}

export function newNote(): RequestNote {
  return { sent: false, status: null, retryAfter: null, body: null, credentials: [], transport: null }
}

/** X-MBX-APIKEY, OK-ACCESS-KEY, ACCESS-PASSPHRASE, X-BAPI-SIGN … */
function credentialsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => (/key|sign|passphrase/i.test(name) && value.length >= 4 ? [value] : []))
}

class Redirected extends Error {
  readonly code = 'redirect'
  constructor(status: number) {
    super(`Answered ${status}; an exchange's redirects are never followed`)
    this.name = 'Redirected'
  }
}

function methodOf(name: string | undefined): 'GET' | 'POST' | 'PUT' | 'DELETE' {
  return name === 'POST' || name === 'PUT' || name === 'DELETE' ? name : 'GET'
}

function transportCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'timeout'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
