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
        const shown = everything ? readable(line) : important(line)
        if (shown !== undefined) say(`  ${name.padEnd(8)} ${shown}`)
      }
    },
  }
}

interface LogLine {
  readonly level: string
  readonly message: string
}

function important(line: string): string | undefined {
  const parsed = parse(line)
  if (parsed === undefined || (parsed.level !== 'warn' && parsed.level !== 'error')) return undefined
  return `${parsed.level}: ${parsed.message}`
}

function readable(line: string): string {
  const parsed = parse(line)
  return parsed === undefined ? line : `${parsed.level}: ${parsed.message}`
}

function parse(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('level' in value) || !('message' in value)) return undefined
    return { level: String(value.level), message: String(value.message) }
  } catch {
    return undefined
  }
}
