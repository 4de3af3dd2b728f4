import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { hasRedis, withRedis } from './redis.ts'

test.skipIf(!hasRedis())('a private Redis answers and is gone afterwards', async () => {
  const redis = await withRedis()
  const { hostname, port } = new URL(redis.url)
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write('PING\r\n'))
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve(String(chunk))
    })
    socket.once('error', reject)
  })
  expect(answer).toMatch(/PONG|NOAUTH/)
  await redis[Symbol.asyncDispose]()
})
