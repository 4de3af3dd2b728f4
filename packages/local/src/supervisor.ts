import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from './process.ts'

export interface Supervisor {
  /** Starts a part and keeps it; resolves when it is ready, rejects when its first start fails. */
  run(name: string, launch: () => Promise<Running>): Promise<Running>
  /** SIGKILL; comes back by itself only when the supervisor restarts the dead. */
  kill(name: string): Promise<void>
  restart(name: string): Promise<Running>
  /** Stops everything in reverse order of start. */
  stop(): Promise<void>
}

export interface SupervisorOptions {
  /** Bring back whatever dies, with growing pauses. */
  readonly restartTheDead: boolean
  readonly say: (line: string) => void
}

interface Part {
  readonly name: string
  readonly launch: () => Promise<Running>
  running: Running
  deathsInARow: number
  startedAtMs: number
  restarting: boolean
}

const pauseMsFirst = 500
const pauseMsMax = 30_000
const healthyAfterMs = 60_000

export function createSupervisor({ restartTheDead, say }: SupervisorOptions): Supervisor {
  const parts: Part[] = []
  const stopping = new AbortController()

  const watch = (part: Part): void => {
    const { running } = part
    void running.exited.then(async (code) => {
      if (!restartTheDead || stopping.signal.aborted || part.restarting || part.running !== running) return
      await bringBack(part, code)
    })
  }

  const relaunch = async (part: Part): Promise<Running> => {
    part.running = await part.launch()
    part.startedAtMs = performance.now()
    watch(part)
    return part.running
  }

  const bringBack = async (part: Part, firstCode: number): Promise<void> => {
    let reason = `ended with code ${firstCode}`
    if (performance.now() - part.startedAtMs > healthyAfterMs) part.deathsInARow = 0
    while (!stopping.signal.aborted) {
      const pauseMs = Math.min(pauseMsFirst * 2 ** part.deathsInARow, pauseMsMax)
      part.deathsInARow += 1
      say(`${part.name} ${reason}; starting it again in ${pauseMs / 1000} s`)
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        await relaunch(part)
        say(`${part.name} is back`)
        return
      } catch (error) {
        reason = `did not start (${error instanceof Error ? error.message : String(error)})`
      }
    }
  }

  const find = (name: string): Part => {
    const part = parts.find((candidate) => candidate.name === name)
    if (part === undefined)
      throw new Error(`Nothing called ${name} is running; there is ${parts.map((candidate) => candidate.name).join(', ')}`)
    return part
  }

  return {
    async run(name, launch) {
      const running = await launch()
      if (stopping.signal.aborted) {
        await running.stop()
        return running
      }
      const part: Part = { name, launch, running, deathsInARow: 0, startedAtMs: performance.now(), restarting: false }
      parts.push(part)
      watch(part)
      return running
    },
    async kill(name) {
      await find(name).running.kill()
    },
    async restart(name) {
      const part = find(name)
      part.restarting = true
      try {
        await part.running.stop()
        return await relaunch(part)
      } finally {
        part.restarting = false
      }
    },
    async stop() {
      stopping.abort()
      for (const part of parts.toReversed()) await part.running.stop()
    },
  }
}
