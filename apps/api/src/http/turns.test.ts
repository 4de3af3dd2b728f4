import { describe, expect, it } from 'vitest'
import { createTurns } from './turns.ts'

/** Work that ends when it is told to. */
function createWork() {
  const open: (() => void)[] = []
  const begun: string[] = []
  return {
    begun,
    run: (name: string) => () => {
      begun.push(name)
      return new Promise<string>((resolve) => open.push(() => resolve(name)))
    },
    endFirst: () => open.shift()?.(),
  }
}
const soon = () => new Promise((resolve) => setImmediate(resolve))

describe('requests of one person', () => {
  it('wait for each other beyond a few at a time, in their order, and for nobody else’s', async () => {
    const turns = createTurns({ atOnce: 2, waitingMax: 10 })
    const work = createWork()
    const mine = ['a', 'b', 'c', 'd'].map((name) => turns.take('me', work.run(name)))
    const theirs = turns.take('them', work.run('x'))
    await soon()
    expect(work.begun).toEqual(['a', 'b', 'x'])
    work.endFirst()
    await soon()
    expect(work.begun).toEqual(['a', 'b', 'x', 'c'])
    for (let left = 0; left < 4; left += 1) {
      work.endFirst()
      await soon()
    }
    expect(await Promise.all([...mine, theirs])).toEqual(['a', 'b', 'c', 'd', 'x'])
  })

  it('are refused where too many wait, and one that fails gives its turn on', async () => {
    const turns = createTurns({ atOnce: 1, waitingMax: 1 })
    const failing = turns.take('me', () => Promise.reject(new Error('no')))
    const next = turns.take('me', () => Promise.resolve('done'))
    await expect(turns.take('me', () => Promise.resolve('late'))).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('done')
    expect(await turns.take('me', () => Promise.resolve('again'))).toBe('again')
  })
})
