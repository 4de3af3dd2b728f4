import { mkdirSync, readFileSync, renameSync, linkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { say, scratch } from './shell.mjs'

const staleAfterMs = 20_000
const heartbeatMs = 2_000

/** Runs `work` while no other process of this checkout does; a lock whose owner died is taken over. */
export async function withLock(work) {
  mkdirSync(scratch, { recursive: true })
  const path = join(scratch, 'setup.lock')
  await take(path)
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), heartbeatMs)
  const release = () => rmSync(path, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    process.off('exit', release)
    release()
  }
}

async function take(path) {
  let told = false
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isStale(path)) {
      removeStale(path)
      continue
    }
    if (!told) say('… another command is preparing this checkout, waiting for it')
    told = true
    await sleep(300)
  }
}

function isStale(path) {
  try {
    if (Date.now() - statSync(path).mtimeMs > staleAfterMs) return true
    process.kill(Number(readFileSync(path, 'utf8')) || process.pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

/** Moved aside first, so that of two processes that see the same dead owner only one removes it. */
function removeStale(path) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (!isStale(aside)) linkSync(aside, path)
  } catch {
    // another process was quicker
  }
  rmSync(aside, { force: true })
}
