import { setTimeout as sleep } from 'node:timers/promises'
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { startProcess } from './process.ts'
import { isAlive, waitUntil } from './signals.ts'

const node = process.execPath
const waiting = 'console.log("ready"); setInterval(() => undefined, 1000)'

test('resolves when the ready line appears and stops on request', async () => {
  const running = await startProcess({ name: 'one', command: node, args: ['-e', waiting], readyWhen: { line: /ready/ } })
  expect(isAlive(running.pid)).toBe(true)
  await running.stop()
  expect(isAlive(running.pid)).toBe(false)
  expect(await running.exited).toBe(143)
})

test('a process that ignores SIGTERM is killed at the deadline', async () => {
  const stubborn = `process.on("SIGTERM", () => undefined); ${waiting}`
  const running = await startProcess({
    name: 'stubborn',
    command: node,
    args: ['-e', stubborn],
    readyWhen: { line: /ready/ },
    stopWithinMs: 200,
  })
  await running.stop()
  expect(await running.exited).toBe(137)
})

test('a process that dies early is reported with its last words', async () => {
  const dying = startProcess({
    name: 'dying',
    command: node,
    args: ['-e', 'console.error("no such port"); process.exit(3)'],
    readyWhen: { line: /ready/ },
  })
  await expect(dying).rejects.toThrow(/dying ended with code 3 before it was ready\n {2}no such port/)
})

test('a command that does not exist is an error, not a crash', async () => {
  await expect(startProcess({ name: 'absent', command: '/no/such/command' })).rejects.toThrow(/absent could not be started/)
})

test('children die with a parent that is killed', async () => {
  const module = new URL('process.ts', import.meta.url).href
  const parentScript = `
    const { startProcess } = await import(${JSON.stringify(module)})
    const child = await startProcess({ name: 'child', command: process.execPath, args: ['-e', ${JSON.stringify(waiting)}], readyWhen: { line: /ready/ } })
    console.log(child.pid)
    setInterval(() => undefined, 1000)`
  const parent = spawn(node, ['--input-type=module', '-e', parentScript], { stdio: ['ignore', 'pipe', 'inherit'] })
  const childPid = await new Promise<number>((resolve) => parent.stdout.once('data', (chunk) => resolve(Number(String(chunk)))))
  expect(isAlive(childPid)).toBe(true)

  await sleep(50)
  parent.kill('SIGKILL')
  expect(await waitUntil(() => !isAlive(childPid), { deadlineMs: 30_000 })).toBe(true)
})
