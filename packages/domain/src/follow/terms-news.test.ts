import { BindingTerms, termsWords } from '@matic/contracts'
import { expect, it } from 'vitest'
import { termsNews } from './terms-news.ts'

type Terms = Parameters<typeof BindingTerms.parse>[0]
type Follower = Parameters<typeof termsNews>[0]['follower']
const follower: Follower = { state: 'ACTIVE', leverage: 15, marginMode: 'isolated' }

function told(from: Terms, to: Terms, of = follower): string | null {
  const news = termsNews({ from: BindingTerms.parse(from), to: BindingTerms.parse(to), follower: of })
  return news && `${news.warns ? '! ' : ''}${termsWords(news)}`
}
const forced = (fields: Record<string, unknown>) => ({ forced: { maxLeverage: null, marginMode: null, symbols: [], ...fields } })
const many = (names: string) => forced({ symbols: Array.from(names, (name) => `${name}/USDT:USDT`) })

it.each([
  [{}, forced({}), null],
  [{}, { state: 'PAUSED' }, '! Your leader has paused the strategy, which was open: nothing opens, closes are copied.'],
  [{ state: 'PAUSED' }, {}, 'Your leader has taken up the paused strategy again: their openings are copied.'],
  [{ state: 'PUBLISHED' }, { state: 'CLOSED' }, '! Your leader has closed the strategy again: nothing opens, closes are copied.'],
  [
    {},
    forced({ maxLeverage: 10 }),
    '! Your leader now caps leverage at 10× (there was no cap): yours was 15×, and you open with 10× from now on.',
  ],
  [
    forced({ maxLeverage: 5 }),
    forced({ maxLeverage: 10 }),
    '! Your leader now caps leverage at 10× (it was 5×): yours was 5×, and you open with 10× from now on.',
  ],
  [
    forced({ maxLeverage: 5 }),
    forced({ maxLeverage: 20 }),
    '! Your leader now caps leverage at 20× (it was 5×): yours of 15× is within that.',
  ],
  [forced({ maxLeverage: 5 }), {}, '! Your leader no longer caps leverage (it was 5×): what you and your rules say holds alone.'],
  [{}, forced({ marginMode: 'cross' }), '! Your leader now forces cross margin: yours was isolated, and what opens from now on is cross.'],
  [{}, forced({ marginMode: 'isolated' }), '! Your leader now forces isolated margin: yours is that already.'],
  [forced({ marginMode: 'cross' }), {}, '! Your leader no longer forces cross margin: your own choice holds again, isolated.'],
  [{}, many('AB'), '! Your leader now lets only A/USDT, B/USDT be copied (it was every market): nothing else opens, closes are copied.'],
  [many('A'), {}, '! Your leader now lets every market be copied (it was only A/USDT): your own lists still hold.'],
  [
    { ...forced({ maxLeverage: 5 }), state: 'PAUSED' },
    forced({ maxLeverage: 20 }),
    '! Your leader has taken up the paused strategy again: their openings are copied. Your leader now caps leverage at 20× (it was 5×): yours of 15× is within that.',
  ],
] as const)('%j to %j reads %s', (from, to, words) => {
  expect(told(from, to)).toBe(words)
})

it('says what it means for a follow that does not open by itself, or has no leverage of its own', () => {
  const closing = { ...follower, state: 'CLOSE_ONLY' } as const
  expect(told({ state: 'CLOSED' }, {}, closing)).toBe(
    'Your leader has opened the closed strategy again: your follow only closes until you resume it.',
  )
  expect(told({ state: 'PAUSED' }, {}, { ...follower, state: 'PAUSED' })).toContain('your follow is paused until you resume it')
  const asLeader = { ...follower, leverage: null }
  expect(told({}, forced({ maxLeverage: 3 }), asLeader)).toContain('what they open with more, you open with 3×')
})

it('names of long lists what is different, and counts what is no symbol', () => {
  expect(told(many('ABCDEFG'), many('BCDEFGZ'))).toContain(
    'only Z/USDT, B/USDT, C/USDT, D/USDT, E/USDT, F/USDT and 1 more be copied (it was A/USDT, B/USDT, C/USDT, D/USDT, E/USDT, F/USDT and 1 more)',
  )
  expect(told({}, forced({ symbols: ['BTCUSDT.P', 'call me at evil.com'] }))).toContain('only BTCUSDT.P and 1 more be copied')
  expect(told({}, forced({ symbols: ['evil.com'] }))).toContain('only 1 market be copied')
})
