import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { bodyView } from './body-view.ts'
import { hideSecrets, takeOut } from './hide-secrets.ts'

it.each([
  ['3Commas', '{"secret":"eyJhbGciOiJIUzI1","action":"buy"}', '{"secret":"***","action":"buy"}'],
  ['OKX', '{"id":"123","signalToken":"k9/ab==","action":"ENTER_LONG"}', '{"id":"123","signalToken":"***","action":"ENTER_LONG"}'],
  ['a passphrase with a quote in it', String.raw`{"passphrase":"two \"words\"","qty":"1"}`, '{"passphrase":"***","qty":"1"}'],
  [
    'JSON within JSON',
    String.raw`{"message":"{\"token\":\"abc\",\"side\":\"buy\"}"}`,
    String.raw`{"message":"{\"token\":\"***\",\"side\":\"buy\"}"}`,
  ],
  ['a number', '{"pin": 4711, "quantity": 4711}', '{"pin": ***, "quantity": 4711}'],
  ['a list', '{"apiKeys":["a","b"],"x":1}', '{"apiKeys":[***],"x":1}'],
  ['pairs', 'e=binance secret=s3cr b=long q=1', 'e=binance secret=*** b=long q=1'],
  ['lines', 'SYMBOL=BTCUSDT;TOKEN=abc\nSIGNAL=BUY', 'SYMBOL=BTCUSDT;TOKEN=***\nSIGNAL=BUY'],
  ['plain words', 'passphrase: two words action: buy', 'passphrase: *** action: buy'],
  ['single quotes', "{'api_key': 'abc', 'side': 'sell'}", "{'api_key': '***', 'side': 'sell'}"],
  ['an address', 'POST /api/webhook/01970000-aaaa/q8VZ0pLxk4rT to you', 'POST /api/webhook/01970000-aaaa/*** to you'],
  ['a bearer', 'Authorization: Bearer abcdefgh12345', 'Authorization: ***'],
  ['a key without a name', `sell ${'aB3'.repeat(21)}d`, 'sell ***'],
  ['an unfinished string', '{"action":"buy","secret":"abc', '{"action":"buy","secret":"***'],
])('hides the secret of %s', (_, body, shown) => {
  expect(hideSecrets(body).text).toBe(shown)
})

it.each([
  '{"ticker":"BTCUSDT","action":"buy","quantity":"0.5","keyword":"x","order_id":"Long 2","comment":"tokyo session"}',
  'ENTER-LONG_BINANCE_BTCUSDT_my-strategy-v2-15m-breakout-with-a-long-name-1h_5f2a',
  '{"bot_uuid":"01970000-0000-7000-8000-00000000abcd","time":"2026-11-21T10:00:00Z"}',
])('leaves alone what is none: %s', (body) => {
  expect(hideSecrets(body)).toEqual({ text: body, secrets: [], count: 0 })
})

it('hides a value again wherever it stands, and in what was made of the body', () => {
  const { text, secrets, count } = hideSecrets('{"secret":"abcdef","comment":"abcdef again"}')
  expect([text, count]).toEqual(['{"secret":"***","comment":"*** again"}', 2])
  expect(takeOut('said abcdef', secrets)).toBe('said ***')
})

it('hides a word that is known to be a token, whatever its name', () => {
  expect(hideSecrets('{"note":"my-token-123 buy"}', (word) => word === 'my-token-123').text).toBe('{"note":"*** buy"}')
})

it('keeps the other bytes of a body that is no text, and the digest of what came', () => {
  const bytes = Buffer.concat([Buffer.from('{"secret":"ä€x",'), Buffer.from([0xff, 0]), Buffer.from('"note":"ä"}')])
  const view = bodyView(bytes, () => false)
  expect(view.hex).toBe(
    Buffer.concat([Buffer.from('{"secret":"***",'), Buffer.from([0xff, 0]), Buffer.from('"note":"ä"}')]).toString('hex'),
  )
  expect(view).toMatchObject({ bytes: bytes.length, hidden: 1, sha256: createHash('sha256').update(bytes).digest('hex') })
})

it('takes no longer for a body made to be slow', () => {
  // Of this thread alone: how busy the machine is does not count.
  const before = process.threadCpuUsage()
  for (const piece of ['secret:', 'secret:{', 'token: x  ', '\\"', 'key="', ' '.repeat(8), 'aB3'])
    hideSecrets(`secret: x${piece.repeat(16_000 / piece.length)}!`)
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(2_000)
})
