import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLifecycle } from './lifecycle.ts'
import { createLogger } from './logger.ts'

const logger = createLogger({ name: 'test', level: 'error', format: 'json', stream: new PassThrough() })

function part(name: string, calls: string[], change: { start?: () => Promise<void>; stop?: () => Promise<void> } = {}) {
  return {
    name,
    async start() {
      calls.push(`start ${name}`)
      await change.start?.()
    },
    async stop() {
      calls.push(`stop ${name}`)
      await change.stop?.()
    },
  }
}

describe('lifecycle', () => {
  it('starts in order and stops in reverse, once', async () => {
    const calls: string[] = []
    const lifecycle = createLifecycle({ components: [part('a', calls), part('b', calls)], logger })
    await lifecycle.start()
    await lifecycle.stop()
    await lifecycle.stop()
    expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('stops what had started when a part does not start', async () => {
    const calls: string[] = []
    const broken = part('b', calls, { start: () => Promise.reject(new Error('port taken')) })
    const lifecycle = createLifecycle({ components: [part('a', calls), broken, part('c', calls)], logger })
    await expect(lifecycle.start()).rejects.toThrow('port taken')
    expect(calls).toEqual(['start a', 'start b', 'stop a'])
  })

  it('goes on stopping when one part fails and another hangs', async () => {
    const calls: string[] = []
    const fails = part('fails', calls, { stop: () => Promise.reject(new Error('no')) })
    const hangs = part('hangs', calls, { stop: () => new Promise(() => undefined) })
    const lifecycle = createLifecycle({ components: [part('a', calls), fails, hangs], logger, stopDeadlineMs: 50 })
    await lifecycle.start()
    await lifecycle.stop()
    expect(calls.slice(3)).toEqual(['stop hangs', 'stop fails', 'stop a'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('waits for %s', async (signal) => {
    const source = `
      import { waitForShutdownSignal } from ${JSON.stringify(new URL('./lifecycle.ts', import.meta.url).href)}
      const alive = setInterval(() => {}, 1000)
      const asked = waitForShutdownSignal()
      process.stdout.write('ready')
      process.stdout.write(await asked)
      clearInterval(alive)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    await expect.poll(() => out).toBe('ready')
    child.kill(signal)
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(out).toBe(`ready${signal}`)
  })
})
