import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

/** Linux alone shows another process's memory as a file. */
export const canReadMemory = process.platform === 'linux'

/** The process whose command line holds `command` and whose environment holds `variable` (NAME=value). */
export function findProcess({ command, variable }: { command: string; variable: string }): number | undefined {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (read(`/proc/${entry}/cmdline`).includes(command) && environmentOf(Number(entry)).includes(variable)) return Number(entry)
  }
  return undefined
}

/** NAME=value as the process was started with. */
export function environmentOf(pid: number): string[] {
  return read(`/proc/${pid}/environ`).split('\0')
}

/**
 * Which of these bytes stand anywhere in what the process has written to its memory: heap, stacks, buffers.
 * @returns their names
 */
export function findInMemory(pid: number, wanted: Readonly<Record<string, Uint8Array>>): Set<string> {
  const found = new Set<string>()
  const needles = Object.entries(wanted).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }))
  const longest = Math.max(...needles.map(({ bytes }) => bytes.length))
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const chunk = Buffer.alloc(CHUNK)
  try {
    for (const { from, to } of writableRanges(pid)) {
      // Chunks overlap, so that nothing hides on a border.
      for (let at = from; at < to; at += CHUNK - longest) {
        const bytes = chunk.subarray(0, readAt(memory, chunk, at, Math.min(CHUNK, to - at)))
        for (const needle of needles) if (!found.has(needle.name) && bytes.includes(needle.bytes)) found.add(needle.name)
      }
    }
  } finally {
    closeSync(memory)
  }
  return found
}

const CHUNK = 4 * 1024 * 1024

function writableRanges(pid: number): { from: number; to: number }[] {
  return read(`/proc/${pid}/maps`)
    .split('\n')
    .flatMap((line) => {
      const [, from, to, rights] = /^([\da-f]+)-([\da-f]+) (\S+)/.exec(line) ?? []
      return from === undefined || to === undefined || !rights?.startsWith('rw') ? [] : [{ from: parseInt(from, 16), to: parseInt(to, 16) }]
    })
}

/** A range may be given back while it is read. */
function readAt(file: number, into: Buffer, position: number, length: number): number {
  try {
    return readSync(file, into, 0, length, position)
  } catch {
    return 0
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
