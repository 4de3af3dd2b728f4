import { write } from 'node:fs'
import { Writable } from 'node:stream'

export interface LogSink {
  stream: Writable
  /** Lines thrown away since the start because the reader was too slow or the disk full. */
  dropped(): number
  /** Resolves when what is buffered is out, or when the deadline has passed. */
  flush(deadlineMs: number): Promise<void>
}

/**
 * Standard output on a pipe or a file is written synchronously by Node: a stuck reader would stop
 * trading. This writes off the event loop, holds a bounded backlog, and drops beyond it.
 */
export function createLogSink({ fd, backlogBytesMax = 4 << 20 }: { fd: number; backlogBytesMax?: number }): LogSink {
  let backlog: Buffer[] = []
  let backlogBytes = 0
  let writing = false
  let droppedLines = 0
  let unreported = 0
  let idle: (() => void)[] = []

  function push(chunk: Buffer): void {
    if (backlogBytes + chunk.length > backlogBytesMax) {
      droppedLines += 1
      unreported += 1
      return
    }
    backlog.push(chunk)
    backlogBytes += chunk.length
    if (!writing) drain()
  }

  function drain(): void {
    if (backlog.length === 0) {
      writing = false
      for (const resolve of idle) resolve()
      idle = []
      return
    }
    writing = true
    const batch = Buffer.concat(backlog)
    backlog = []
    put(batch)
  }

  function put(batch: Buffer): void {
    write(fd, batch, 0, batch.length, null, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(put, 20, batch)
      if (error) droppedLines += lines(batch)

      const rest = error ? undefined : batch.subarray(written)
      backlogBytes -= rest ? written : batch.length
      if (rest && rest.length > 0) return put(rest)

      reportDrops()
      drain()
    })
  }

  function reportDrops(): void {
    if (unreported === 0) return
    const line = Buffer.from(`${JSON.stringify({ level: 'warn', message: 'log lines dropped', droppedLines: unreported })}\n`)
    unreported = 0
    backlog.push(line)
    backlogBytes += line.length
  }

  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      push(chunk)
      done()
    },
  })

  async function flush(deadlineMs: number): Promise<void> {
    if (!writing) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs)
      idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  return { stream, dropped: () => droppedLines, flush }
}

function lines(batch: Buffer): number {
  return batch.toString('latin1').split('\n').length - 1
}
