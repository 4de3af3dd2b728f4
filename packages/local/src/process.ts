import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { guardGroup } from './guard.ts'
import { signalGroup } from './signals.ts'

export interface Running {
  readonly name: string
  readonly pid: number
  /** Resolves once, with the exit code (128 + signal number after a signal). */
  readonly exited: Promise<number>
  /** Asks politely, then kills the whole group at the deadline. */
  stop(): Promise<void>
  /** SIGKILL to the whole group. */
  kill(): Promise<void>
}

export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly onLine?: (line: string) => void
  /** The process counts as started when this line appears or this address answers 2xx. */
  readonly readyWhen?: { readonly line: RegExp } | { readonly url: string }
  readonly readyWithinMs?: number
  readonly stopWithinMs?: number
  readonly stopSignal?: 'SIGINT' | 'SIGTERM'
  readonly uid?: number
  readonly gid?: number
}

const keptLines = 30

/**
 * Starts a process in a group of its own and waits until it is ready.
 * @throws {Error} when it ends or stays silent before that; the message holds its last lines
 */
export async function startProcess(spec: ProcessSpec): Promise<Running> {
  const stopSignal = spec.stopSignal ?? 'SIGTERM'
  const child = spawn(spec.command, spec.args ?? [], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(spec.env === undefined ? {} : { env: spec.env }),
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  const lastLines: string[] = []
  const lineSeen = watchLines(child, spec, lastLines)
  const exited = exitOf(child)
  const pid = child.pid
  if (pid === undefined) {
    await exited.catch((error: unknown) => {
      throw new Error(`${spec.name} could not be started: ${error instanceof Error ? error.message : String(error)}`)
    })
    throw new Error(`${spec.name} could not be started`)
  }

  const dismissGuard = guardGroup(pid, stopSignal === 'SIGINT' ? 'INT' : 'TERM')
  let ended = false
  void exited.then(() => {
    ended = true
    signalGroup(pid, 'SIGKILL')
    dismissGuard()
  })

  const running: Running = {
    name: spec.name,
    pid,
    exited,
    async stop() {
      if (ended) return
      signalGroup(pid, stopSignal)
      const killTimer = setTimeout(() => signalGroup(pid, 'SIGKILL'), spec.stopWithinMs ?? 10_000)
      await exited
      clearTimeout(killTimer)
    },
    async kill() {
      if (ended) return
      signalGroup(pid, 'SIGKILL')
      await exited
    },
  }

  const failure = await waitReady({ spec, lineSeen, exited, hasEnded: () => ended })
  if (failure !== undefined) {
    await running.kill()
    throw new Error([`${spec.name} ${failure}`, ...lastLines.map((line) => `  ${line}`)].join('\n'))
  }
  return running
}

function watchLines(child: ChildProcessByStdio<null, Readable, Readable>, spec: ProcessSpec, lastLines: string[]): Promise<void> {
  const readyLine = spec.readyWhen !== undefined && 'line' in spec.readyWhen ? spec.readyWhen.line : undefined
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lastLines.push(line)
        if (lastLines.length > keptLines) lastLines.shift()
        spec.onLine?.(line)
        if (readyLine?.test(line) === true) resolve()
      })
    }
  })
}

function exitOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) reject(error)
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

interface ReadyWait {
  readonly spec: ProcessSpec
  readonly lineSeen: Promise<void>
  readonly exited: Promise<number>
  readonly hasEnded: () => boolean
}

/** @returns what went wrong, or `undefined` when the process is ready */
async function waitReady({ spec, lineSeen, exited, hasEnded }: ReadyWait): Promise<string | undefined> {
  if (spec.readyWhen === undefined) return undefined
  const readyWithinMs = spec.readyWithinMs ?? 60_000
  const deadline = new AbortController()
  const ready = 'url' in spec.readyWhen ? answers(spec.readyWhen.url, () => hasEnded() || deadline.signal.aborted) : lineSeen
  try {
    return await Promise.race([
      ready.then(() => (hasEnded() ? 'ended before it was ready' : undefined)),
      exited.then((code) => `ended with code ${code} before it was ready`),
      sleep(readyWithinMs, `was not ready within ${readyWithinMs / 1000} s`, { signal: deadline.signal }),
    ])
  } finally {
    deadline.abort()
  }
}

async function answers(url: string, givenUp: () => boolean): Promise<void> {
  while (!givenUp()) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
      await response.body?.cancel()
      if (response.ok) return
    } catch {
      // not listening yet
    }
    await sleep(50)
  }
}
