import http from 'node:http'

export interface LoadResult {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Answers that were not 2xx, and broken connections. */
  failures: number
}

export interface LoadOptions {
  url: string
  /** Path and body of the n-th request. */
  request: (index: number) => { path: string; body: string }
  connections: number
  durationMs: number
  /** Requests started per second over all connections; as many as go when left out. */
  ratePerSecond?: number
}

/** POSTs over keep-alive connections, closed loop or at a fixed rate, and measures each answer. */
export async function runLoad({ url, request, connections, durationMs, ratePerSecond }: LoadOptions): Promise<LoadResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(url)
  const latenciesMs: number[] = []
  let failures = 0
  let index = 0
  const startedAt = performance.now()
  const endsAt = startedAt + durationMs

  const post = async (): Promise<void> => {
    const { path, body } = request(index++)
    const sentAt = performance.now()
    const status = await send({ agent, hostname, port, path, body })
    latenciesMs.push(performance.now() - sentAt)
    if (status < 200 || status > 299) failures += 1
  }

  const lane = async (number: number): Promise<void> => {
    const gapMs = ratePerSecond === undefined ? 0 : (1000 * connections) / ratePerSecond
    let dueAt = startedAt + (gapMs * number) / connections
    while (performance.now() < endsAt) {
      const waitMs = dueAt - performance.now()
      if (gapMs > 0 && waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      await post()
      dueAt += gapMs
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, number) => lane(number)))
  const tookMs = performance.now() - startedAt
  agent.destroy()
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  return { requestsPerSecond: (1000 * sorted.length) / tookMs, p50Ms: share(sorted, 0.5), p99Ms: share(sorted, 0.99), failures }
}

interface Post {
  agent: http.Agent
  hostname: string
  port: string
  path: string
  body: string
}

function send({ agent, hostname, port, path, body }: Post): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = http.request(
      {
        agent,
        hostname,
        port,
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
        answer.on('error', () => resolve(0))
      },
    )
    outgoing.on('error', () => resolve(0))
    outgoing.end(body)
  })
}

/** @param sorted ascending */
export function share(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0
}

export function median(values: readonly number[]): number {
  return share(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}
