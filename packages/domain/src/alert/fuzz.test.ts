import { Alert, buildTemplate, TEMPLATE_ACTIONS, TEMPLATE_DIALECTS } from '@matic/contracts'
import { expect, test } from 'vitest'
import { parseAlert } from './parse-alert.ts'

const BODIES = 100_000
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '=',
  ';',
  '|',
  '\n',
  '\r\n',
  '\0',
  '{{',
  '}}',
  '%',
  '&',
  'NaN',
  '-1',
  '1e99',
  '\u201C',
  '\uFEFF',
  '\uD800',
  '(',
  ')',
  'null',
]

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('100,000 bodies near every dialect are read or refused, and never throw', { timeout: 60_000 }, () => {
  const next = numbers(20_261_121)
  const seeds = [
    'MyKeys(BTCUSDT) { cancel(which=all); market(side=buy, amount=10%); }',
    'S (9): order buy @ 0.01 filled on BTCUSDT. New strategy position is -0.01',
    'ENTER-LONG_BINANCE_BTCUSDT_bot_1h_5f2a',
    ...TEMPLATE_DIALECTS.flatMap((dialect) =>
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
  ].map((text) => text.replaceAll('{{ticker}}', 'BTCUSDT.P').replaceAll('{{exchange}}', 'BINANCE').replaceAll('{{close}}', '67432.5'))
  let understood = 0
  const wrong: string[] = []
  for (let count = 0; count < BODIES; count += 1) {
    let text = seeds[next(seeds.length)] ?? ''
    for (let edits = next(6); edits > 0; edits -= 1) {
      const at = next(text.length + 1)
      text = text.slice(0, at) + (PIECES[next(PIECES.length)] ?? '') + text.slice(at + next(4))
    }
    const parsed = parseAlert(new TextEncoder().encode(text))
    if (parsed.ok) understood += 1
    if (parsed.ok ? !Alert.safeParse(parsed.alert).success : parsed.message === '') wrong.push(text)
  }
  expect(wrong).toEqual([])
  // Neither everything nor nothing gets through: the bodies are near the edge.
  expect(understood).toBeGreaterThan(BODIES / 10)
  expect(understood).toBeLessThan(BODIES)
})
