import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openJournal, readJournal } from './journal.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'venue-lines-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const linesOf = (path: string): number => readFileSync(path, 'utf8').split('\n').length - 1

describe('the journal file', () => {
  it('holds everything once it has settled, whoever wrote meanwhile', async () => {
    const path = join(dir, 'journal.ndjson')
    const journal = await openJournal({ path, onFailure: (error) => expect.fail(String(error)) })
    const writers = Array.from({ length: 50 }, async (_, index) => {
      for (let round = 0; round < 5; round += 1) {
        journal.append({ writer: index, round })
        await journal.settled()
        const written = [...readJournal(path)].some((record) => JSON.stringify(record) === JSON.stringify({ writer: index, round }))
        expect(written).toBe(true)
      }
    })
    await Promise.all(writers)
    expect(linesOf(path)).toBe(250)
    expect(journal.size).toBe(readFileSync(path).length)
    await journal.close()
  })

  it.skipIf(!existsSync('/dev/full'))('never says settled when the disk is full', async () => {
    const failures: unknown[] = []
    const journal = await openJournal({ path: '/dev/full', onFailure: (error) => failures.push(error) })
    journal.append({ some: 'order' })
    let settled = false
    void journal.settled().then(() => (settled = true))
    await expect.poll(() => failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ code: 'ENOSPC' })
    void journal.settled().then(() => (settled = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(settled).toBe(false)
    await journal.close()
  })
})
