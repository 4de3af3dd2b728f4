import { spawn, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgres, freePort, portIsTaken } from '@matic/local'
import { createTestFolder } from '@matic/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './lib/environment.ts'

interface Start {
  readonly process: ChildProcess
  readonly output: () => string
  readonly exited: Promise<number | null>
}

const folder = createTestFolder()
const running: Start[] = []
let environment: NodeJS.ProcessEnv = {}
let ports: number[] = []

beforeAll(async () => {
  const [web, api, venue] = await Promise.all([freePort(), freePort(), freePort()])
  ports = [web, api, venue]
  environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    MATIC_DATA_DIR: join(folder, 'data'),
    WEB_PORT: String(web),
    PORT: String(api),
    VENUE_PORT: String(venue),
  }
})

afterAll(async () => {
  for (const start of running) start.process.kill('SIGTERM')
  await Promise.all(running.map((start) => start.exited))
  rmSync(folder, { recursive: true, force: true })
})

function npmStart(env = environment): Start {
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const start: Start = { process: child, output: () => text, exited }
  running.push(start)
  return start
}

async function untilReady(start: Start): Promise<string> {
  await Promise.race([
    expect.poll(start.output, { timeout: 110_000, interval: 100 }).toContain('Ready after'),
    start.exited.then(() => {
      throw new Error(`npm start ended:\n${start.output()}`)
    }),
  ])
  return start.output()
}

test('one command brings everything up, the printed curl works, and Ctrl+C leaves nothing behind', async () => {
  const first = npmStart()
  const output = await untilReady(first)
  const curl = /curl -X POST (\S+) -H '([^:]+): ([^']+)' -d '([^']+)'/.exec(output)
  if (curl === null) throw new Error(`No curl in:\n${output}`)
  const [, address = '', header = '', value = '', body = ''] = curl
  const answer = await fetch(address, { method: 'POST', headers: { [header]: value }, body })
  expect(answer.status).toBeLessThan(300)
  const page = await fetch(`http://localhost:${ports[0]}/`)
  expect(page.status).toBe(200)

  const second = npmStart()
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain('already runs')

  first.process.kill('SIGINT')
  expect(await first.exited).toBe(0)
  expect(first.output()).toContain('stopped')
  for (const port of ports) expect(await portIsTaken(port)).toBe(false)
})

test('a second start is quick and still has the alert', async () => {
  const startedAtMs = performance.now()
  const again = npmStart()
  const output = await untilReady(again)
  expect(performance.now() - startedAtMs).toBeLessThan(10_000)
  expect(output).not.toMatch(/^• /m)
  expect(output).toContain('curl -X POST')
  expect(await countSignals(again)).toBe(1)
})

test('killing npm itself stops the children too', async () => {
  const current = running.at(-1)
  if (current === undefined) throw new Error('Nothing runs')
  current.process.kill('SIGKILL')
  await expect.poll(async () => (await Promise.all(ports.map((port) => portIsTaken(port)))).includes(true)).toBe(false)
})

test('a taken port says which one and what to do', async () => {
  const [web = 0] = ports
  const squatter = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${web}, '127.0.0.1', () => console.log('up'))`,
  ])
  await new Promise((resolve) => squatter.stdout.once('data', resolve))
  const refused = npmStart()
  expect(await refused.exited).toBe(1)
  expect(refused.output()).toContain(`Port ${web}, wanted by web, is taken.`)
  expect(refused.output()).toContain('WEB_PORT=')
  squatter.kill()
})

async function countSignals(start: Start): Promise<number> {
  const url = findPostgres({ dataDir: join(folder, 'data', 'postgres') })
  if (url === undefined) throw new Error(`No database:\n${start.output()}`)
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM signal')
  await client.end()
  return rows[0]?.count ?? 0
}
