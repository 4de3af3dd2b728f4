import { buildTemplate, TEMPLATE_ACTIONS, TEMPLATE_DIALECTS } from '@matic/contracts'
import type { SeededRandom } from '../seeded-random.ts'

export interface FuzzBody {
  readonly bytes: Buffer
  /** Goes to the address of everybody, with the token in the body. */
  readonly isOneAddress: boolean
  readonly headers: Readonly<Record<string, string>>
}

const TOO_LARGE_BYTES = 17 * 1024
const PIECES = [
  ...['{', '}', '[', ']', '"', ',', ':', '=', ';', '|', '(', ')', '&', '%', '{{', '}}', '\\', '\\u0000', '\n', '\r\n', '\0', '\t'],
  ...['NaN', 'null', 'true', '-1', '1e99', '1e-999', '-0', '0x10', '9'.repeat(400), '0.' + '0'.repeat(300) + '1', '1,234.5', '１２'],
  ...['“', '﻿', '\uD800', '‮', 'é', '💥', '__proto__', 'constructor', '"symbol":', '"action":"buy"'],
  ...['[', '{"a":', '(('].map((nested) => nested.repeat(1_500)),
] as const

/** Texts that dialects really send, to begin with. */
const TEXTS = [
  'MyKeys(BTCUSDT) { cancel(which=all); market(side=buy, amount=10%); }',
  'S (9): order buy @ 0.01 filled on BTCUSDT. New strategy position is -0.01',
  'ENTER-LONG_BINANCE_BTCUSDT_bot_1h_5f2a',
  'symbol=ETHUSDT\r\naction=sell\r\nquantity=1',
  '{"ticker":"BTCUSDT.P","action":"sell","market_position":"short","prev_market_position":"long","market_position_size":"0.1","contracts":"0.2"}',
  ...TEMPLATE_DIALECTS.filter((dialect) => dialect !== 'one-address').flatMap((dialect) =>
    TEMPLATE_ACTIONS.map((action) =>
      buildTemplate({
        dialect,
        source: { kind: 'indicator', action },
        size: { amount: '5', unit: 'base' },
        stopPercent: '2',
        targetPercent: '4',
      }),
    ),
  ),
].map((text) =>
  text
    .replaceAll('{{ticker}}', 'BTCUSDT.P')
    .replaceAll('{{exchange}}', 'BINANCE')
    .replaceAll('{{close}}', '67432.5')
    .replaceAll(/\{\{time\w*\}\}/g, '2026-11-21T09:15:02Z'),
)

/** A body near some dialect: sound, broken, over-long, deeply nested, in a wrong encoding, or noise. Each differs. */
export function nextBody(random: SeededRandom, index: number, token: string): FuzzBody {
  const draw = random.next()
  if (draw < 0.002) return plain(Buffer.alloc(TOO_LARGE_BYTES + random.integer(0, 40_000), random.pick(['a', '[', '\0'])))
  if (draw < 0.02) return plain(Buffer.from(Array.from({ length: random.integer(0, 300) }, () => random.integer(0, 255))))
  if (draw < 0.1) return oneAddress(random, index, token)
  const text = edited(random, random.pick(TEXTS)) + (random.chance(0.9) ? ' '.repeat(index % 7) + `\n` : '')
  if (draw < 0.13) return plain(Buffer.from(text, 'utf16le'))
  if (draw < 0.16) return plain(Buffer.from(text, 'latin1'))
  if (draw < 0.17) return { ...plain(Buffer.from(text)), headers: { 'content-encoding': random.pick(['gzip', 'br', 'identity', 'x']) } }
  const type = random.pick([
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
  ])
  return { ...plain(Buffer.from(text)), headers: { 'content-type': type } }
}

function plain(bytes: Buffer): FuzzBody {
  return { bytes, isOneAddress: false, headers: {} }
}

/** Edited behind the token, so that it is somebody's. */
function oneAddress(random: SeededRandom, index: number, token: string): FuzzBody {
  const action = random.pick(['LONG', 'SHORT', 'CLOSE', 'buy', 'nonsense', 7, null, ['LONG']])
  const quantity = random.pick(['0.1', 1, '1e99', -1, '9'.repeat(400), null, { deep: { deeper: [] } }])
  const fields = { secret: token, action, symbol: random.pick(['BTCUSDT.P', 'ETHUSDT', '', '\0', 5]), quantity, note: index }
  return { bytes: Buffer.from(JSON.stringify(fields)), isOneAddress: true, headers: {} }
}

function edited(random: SeededRandom, from: string): string {
  let text = from
  for (let edits = random.integer(0, 4); edits > 0; edits -= 1) {
    const at = random.integer(0, text.length)
    text = text.slice(0, at) + random.pick(PIECES) + text.slice(at + random.integer(0, 3))
  }
  return text
}
