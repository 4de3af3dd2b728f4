import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { freePort } from './free-port.ts'
import { startProcess, type Running } from './process.ts'

export interface Redis extends Running {
  readonly url: string
  readonly port: number
}

export interface StartRedisOptions {
  readonly dir: string
  readonly command?: string
  readonly port?: number
  readonly log?: (line: string) => void
}

/** The path of `redis-server`, when the machine has one. */
export function findRedisServer(searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, 'redis-server'))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Redis on 127.0.0.1 with an append-only file flushed every second and no eviction. */
export async function startRedis({ dir, command = 'redis-server', port, log }: StartRedisOptions): Promise<Redis> {
  mkdirSync(dir, { recursive: true })
  const chosenPort = port ?? (await freePort())
  const running = await startProcess({
    name: 'redis',
    command,
    args: [
      ...['--bind', '127.0.0.1', '--port', String(chosenPort), '--dir', dir, '--daemonize', 'no'],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
    ],
    readyWhen: { line: /Ready to accept connections/ },
    ...(log === undefined ? {} : { onLine: log }),
  })
  return { ...running, url: `redis://127.0.0.1:${chosenPort}`, port: chosenPort }
}
