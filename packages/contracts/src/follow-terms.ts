import { z } from 'zod'
import { ForcedSettings, StrategyState } from './follow.ts'

/** What of a strategy binds everybody who follows it, whenever they began. */
export const BindingTerms = z.object({
  state: StrategyState.default('PUBLISHED'),
  forced: ForcedSettings.default({ maxLeverage: null, marginMode: null, symbols: [] }),
})
export type BindingTerms = z.infer<typeof BindingTerms>

const MarginMode = z.enum(['cross', 'isolated'])

/** How binding terms changed, for one follower: of each only what changed is there. Flat, as it is a line of the activity log as well. */
export const TermsNews = z.object({
  /** False where the follower has only gained by it. */
  warns: z.boolean(),
  followState: z.string(),
  stateFrom: StrategyState.optional(),
  stateTo: StrategyState.optional(),
  leverageFrom: z.number().nullable().optional(),
  leverageTo: z.number().nullable().optional(),
  /** The follow's own; null: as the leader. */
  ownLeverage: z.number().nullable().optional(),
  marginFrom: MarginMode.nullable().optional(),
  marginTo: MarginMode.nullable().optional(),
  /** What the follow says, else the account's rules. */
  ownMargin: MarginMode.optional(),
  /** The first few, with how many more there are. Empty and 0: every market. */
  symbolsFrom: z.string().optional(),
  symbolsFromMore: z.number().optional(),
  symbolsTo: z.string().optional(),
  symbolsToMore: z.number().optional(),
})
export type TermsNews = z.infer<typeof TermsNews>

/** What changed, from what to what, and what it means for the follower. Empty where nothing of it is known. */
export function termsWords(params: Readonly<Record<string, unknown>>): string {
  const read = TermsNews.safeParse(params)
  if (!read.success) return ''
  const news = read.data
  return [stateWords(news), leverageWords(news), marginWords(news), symbolsWords(news)].filter((one) => one !== null).join(' ')
}

function stateWords({ stateFrom, stateTo, followState }: TermsNews): string | null {
  const wasClosed = stateFrom === 'CLOSED'
  switch (stateTo) {
    case undefined:
      return null
    case 'CLOSED':
      return 'Your leader has closed the strategy again: nothing opens, closes are copied.'
    case 'PAUSED':
      return `Your leader has ${wasClosed ? 'opened the closed strategy again, but paused' : 'paused the strategy, which was open'}: nothing opens, closes are copied.`
    case 'PUBLISHED': {
      const done = wasClosed ? 'opened the closed strategy again' : 'taken up the paused strategy again'
      if (followState === 'ACTIVE') return `Your leader has ${done}: their openings are copied.`
      return `Your leader has ${done}: your follow ${followState === 'PAUSED' ? 'is paused' : 'only closes'} until you resume it.`
    }
  }
}

function leverageWords({ leverageFrom = null, leverageTo, ownLeverage = null }: TermsNews): string | null {
  if (leverageTo === undefined) return null
  if (leverageTo === null) return `Your leader no longer caps leverage (it was ${leverageFrom}×): what you and your rules say holds alone.`
  const said = `Your leader now caps leverage at ${leverageTo}× (${leverageFrom === null ? 'there was no cap' : `it was ${leverageFrom}×`})`
  if (ownLeverage === null) return `${said}: what they open with more, you open with ${leverageTo}×.`
  if (ownLeverage <= leverageTo) return `${said}: yours of ${ownLeverage}× is within that.`
  return `${said}: yours was ${Math.min(ownLeverage, leverageFrom ?? ownLeverage)}×, and you open with ${leverageTo}× from now on.`
}

function marginWords({ marginFrom, marginTo, ownMargin }: TermsNews): string | null {
  if (marginTo === undefined) return null
  if (marginTo === null) return `Your leader no longer forces ${marginFrom} margin: your own choice holds again, ${ownMargin}.`
  const before = marginFrom ?? ownMargin
  if (before === marginTo) return `Your leader now forces ${marginTo} margin: yours is that already.`
  return `Your leader now forces ${marginTo} margin: yours was ${before}, and what opens from now on is ${marginTo}.`
}

function symbolsWords({ symbolsFrom, symbolsFromMore, symbolsTo, symbolsToMore }: TermsNews): string | null {
  if (symbolsTo === undefined) return null
  const [before, now] = [listWords(symbolsFrom, symbolsFromMore), listWords(symbolsTo, symbolsToMore)]
  if (now === null) return `Your leader now lets every market be copied (it was only ${before}): your own lists still hold.`
  return `Your leader now lets only ${now} be copied (it was ${before ?? 'every market'}): nothing else opens, closes are copied.`
}

function listWords(names = '', more = 0): string | null {
  if (names === '') return more === 0 ? null : `${more} ${more === 1 ? 'market' : 'markets'}`
  return more === 0 ? names : `${names} and ${more} more`
}
