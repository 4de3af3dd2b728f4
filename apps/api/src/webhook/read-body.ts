import type { IncomingMessage } from 'node:http'

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly bytes: Buffer }
  | { readonly kind: 'compressed' }

/** Reads the raw bytes once, and no further than the limit. Never calls back when the sender goes away. */
export function readBody(req: IncomingMessage, limitBytes: number, done: (body: Body) => void): void {
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return done({ kind: 'compressed' })

  let chunks: Buffer[] = []
  let size = 0
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
    chunks.push(chunk)
    if (size <= limitBytes) return
    const bytes = joined(chunks).subarray(0, limitBytes)
    chunks = []
    req.removeAllListeners('data')
    req.removeAllListeners('end')
    req.pause()
    done({ kind: 'too-large', bytes })
  })
  req.on('end', () => done({ kind: 'whole', bytes: joined(chunks) }))
  req.on('error', () => undefined)
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}
