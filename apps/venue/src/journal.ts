import { closeSync, existsSync, openSync, readSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Append-only file of commands, one JSON line each. What `settled` promised is on the disk. */
export interface Journal {
  /** Bytes on disk and in line for it. */
  readonly size: number
  append(record: unknown): void
  /** When everything appended so far is synced; all who wait meanwhile share one sync. */
  settled(): Promise<void>
  close(): Promise<void>
}

export async function openJournal({ path, onFailure }: { path: string; onFailure: (error: unknown) => void }): Promise<Journal> {
  const file = await open(path, 'a')
  let size = (await file.stat()).size
  let lines: string[] = []
  let waiting: (() => void)[] = []
  let syncing: Promise<void> | undefined
  let failed = false

  async function syncAll(): Promise<void> {
    while (lines.length > 0 || waiting.length > 0) {
      const batch = lines
      const done = waiting
      lines = []
      waiting = []
      if (batch.length > 0) await writeDurably(file, batch.join(''))
      for (const resolve of done) resolve()
    }
  }

  function start(): void {
    if (syncing !== undefined || failed) return
    syncing = syncAll()
      .catch((error: unknown) => {
        // Whoever waits must never be told that it is safe: the process ends.
        failed = true
        onFailure(error)
      })
      .finally(() => {
        syncing = undefined
        if (lines.length > 0 || waiting.length > 0) start()
      })
  }

  return {
    get size() {
      return size
    },
    append(record) {
      const line = `${JSON.stringify(record)}\n`
      size += Buffer.byteLength(line)
      lines.push(line)
      start()
    },
    settled() {
      if (lines.length === 0 && syncing === undefined && !failed) return Promise.resolve()
      return new Promise((resolve) => {
        waiting.push(resolve)
        start()
      })
    },
    async close() {
      while (syncing !== undefined) await syncing
      await file.close()
    },
  }
}

async function writeDurably(file: FileHandle, text: string): Promise<void> {
  await file.appendFile(text)
  await file.datasync()
}

/**
 * Records from byte `from` on. A last line that never got its end was never acknowledged: it is cut off. A broken
 * line before that means that the file was tampered with or the disk is failing, and throws.
 */
export function* readJournal(path: string, from = 0): Generator<unknown> {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  const chunk = Buffer.alloc(1 << 20)
  let rest = Buffer.alloc(0)
  let position = from
  let good = from
  try {
    for (let read = readSync(file, chunk, 0, chunk.length, position); read > 0; read = readSync(file, chunk, 0, chunk.length, position)) {
      position += read
      const block = Buffer.concat([rest, chunk.subarray(0, read)])
      let start = 0
      for (let end = block.indexOf(10, start); end >= 0; end = block.indexOf(10, start)) {
        yield parseLine(block.toString('utf8', start, end), path, good)
        good += end + 1 - start
        start = end + 1
      }
      rest = block.subarray(start)
    }
  } finally {
    closeSync(file)
  }
  if (rest.length > 0) truncateSync(path, good)
}

function parseLine(line: string, path: string, offset: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error(`${path} is broken at byte ${offset}: restore it from a copy, or move the folder away to begin anew`)
  }
}
