import { expect, test } from 'vitest'
import { startProcess } from './process.ts'
import { isAlive, waitUntil } from './signals.ts'
import { createSupervisor } from './supervisor.ts'

const launch = () =>
  startProcess({
    name: 'part',
    command: process.execPath,
    args: ['-e', 'console.log("ready"); setInterval(() => undefined, 1000)'],
    readyWhen: { line: /ready/ },
  })

test('brings back what dies and says so', async () => {
  const said: string[] = []
  const supervisor = createSupervisor({ restartTheDead: true, say: (line) => said.push(line) })
  const first = await supervisor.run('part', launch)
  await first.kill()
  expect(await waitUntil(() => said.includes('part is back'), { deadlineMs: 30_000 })).toBe(true)
  expect(said[0]).toBe('part ended with code 137; starting it again in 0.5 s')
  await supervisor.stop()
})

test('leaves the dead alone when told to, restarts on demand', async () => {
  const supervisor = createSupervisor({ restartTheDead: false, say: () => undefined })
  const first = await supervisor.run('part', launch)
  await supervisor.kill('part')
  expect(isAlive(first.pid)).toBe(false)
  const second = await supervisor.restart('part')
  expect(isAlive(second.pid)).toBe(true)
  await supervisor.stop()
  expect(isAlive(second.pid)).toBe(false)
})

test('stops in reverse order', async () => {
  const stopped: string[] = []
  const supervisor = createSupervisor({ restartTheDead: true, say: () => undefined })
  for (const name of ['first', 'second']) {
    const running = await supervisor.run(name, launch)
    void running.exited.then(() => stopped.push(name))
  }
  await supervisor.stop()
  expect(stopped).toEqual(['second', 'first'])
})
