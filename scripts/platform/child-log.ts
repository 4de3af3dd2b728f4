import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { say } from '../lib/say.ts'

const keptBytes = 20 * 1024 * 1024

export interface ChildLogs {
  /** Where the lines of one child go: its file, and the terminal when they matter. */
  lineOf(name: string): (line: string) => void
  readonly folder: string
}

/** @param everything show every line in the terminal, not only warnings and errors */
export function createChildLogs({ folder, everything }: { folder: string; everything: boolean }): ChildLogs {
  const logs = join(folder, 'logs')
  mkdirSync(logs, { recursive: true })
  const streams = new Map<string, WriteStream>()

  const streamOf = (name: string): WriteStream => {
    const known = streams.get(name)
    if (known !== undefined) return known
    const path = join(logs, `${name}.log`)
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > keptBytes) renameSync(path, `${path}.1`)
    const stream = createWriteStream(path, { flags: 'a' })
    // A full disk must not end the platform for the sake of its log.
    stream.on('error', () => undefined)
    streams.set(name, stream)
    return stream
  }

  return {
    folder: logs,
    lineOf: (name) => {
      const stream = streamOf(name)
      return (line) => {
        stream.write(`${line}\n`)
        if (everything || isImportant(line)) say(`  ${name.padEnd(8)} ${line}`)
      }
    },
  }
}

// What the processes write in development, and what they write under NODE_ENV=production.
const readable = /^\d\d:\d\d:\d\d\.\d{3} (WARN|ERROR) /
const json = /^\{.*"level":"(warn|error)"/

function isImportant(line: string): boolean {
  return readable.test(line) || json.test(line)
}
