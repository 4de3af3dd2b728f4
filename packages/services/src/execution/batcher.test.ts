import { expect, it } from 'vitest'
import { createBatcher } from './batcher.ts'

it('shares one piece of work between those who come while another runs', async () => {
  const batches: number[][] = []
  const batcher = createBatcher<number, number>(10, async (items) => {
    batches.push([...items])
    await new Promise((resolve) => setTimeout(resolve, 1))
    return items.map((item) => item * 2)
  })
  const first = batcher.add(1)
  await Promise.resolve()
  await Promise.resolve()
  const others = [2, 3, 4].map((item) => batcher.add(item))
  expect(await Promise.all([first, ...others])).toEqual([2, 4, 6, 8])
  expect(batches).toEqual([[1], [2, 3, 4]])
})

it('takes no more at once than it may', async () => {
  const sizes: number[] = []
  const batcher = createBatcher<number, number>(2, async (items) => {
    sizes.push(items.length)
    return [...items]
  })
  await Promise.all([1, 2, 3, 4, 5].map((item) => batcher.add(item)))
  expect(Math.max(...sizes)).toBe(2)
})

it('fails the one that is bad and none of its neighbours', async () => {
  const batcher = createBatcher<number, number>(10, async (items) => {
    if (items.includes(13)) throw new Error('thirteen')
    return [...items]
  })
  const results = await Promise.allSettled([1, 13, 2].map((item) => batcher.add(item)))
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([1, 'failed', 2])
})
