import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holdFolder, waitToHoldFolder } from './hold-folder.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'matic-hold-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const holderScript = `
  const { holdFolder } = await import(${JSON.stringify(new URL('hold-folder.ts', import.meta.url).href)})
  holdFolder({ folder: process.argv[1], name: 'in-use', purpose: 'another process' })
  console.log('held')
  setInterval(() => undefined, 1000)`

async function holdElsewhere(): Promise<{ pid: number; die: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holderScript, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.pid === undefined) throw new Error('The holder did not start')
  return {
    pid: child.pid,
    die: () => {
      child.kill('SIGKILL')
      return exited
    },
  }
}

test('a folder held by a living process is refused with its id and purpose', async () => {
  const other = await holdElsewhere()
  expect(holdFolder({ folder, name: 'in-use', purpose: 'a test' })).toEqual({ pid: other.pid, purpose: 'another process' })
  await other.die()
})

test('a hold whose process was killed counts no more', async () => {
  const other = await holdElsewhere()
  await other.die()
  const hold = holdFolder({ folder, name: 'in-use', purpose: 'a test' })
  expect('pid' in hold).toBe(false)
})

test('waiting ends when the holder is gone', async () => {
  const other = await holdElsewhere()
  const waiting = waitToHoldFolder({ folder, name: 'in-use', purpose: 'a test' })
  await other.die()
  const hold = await waiting
  expect('pid' in hold).toBe(false)
})

test('disposing frees the folder', () => {
  const hold = holdFolder({ folder, name: 'in-use', purpose: 'a test' })
  if ('pid' in hold) throw new Error('The folder should have been free')
  hold[Symbol.dispose]()
  expect(existsSync(hold.path)).toBe(false)
})
