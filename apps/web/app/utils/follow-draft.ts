import { FollowSettings, type ForcedSettings, type FollowSettingsInput, type SuggestedSettings } from '@matic/contracts'
import { shortSymbol } from './format.ts'
import type { DraftValue } from './rule-fields.ts'
import { issueWords } from './issue-words.ts'

type Sizing = FollowSettings['sizing']
type PlainField = Exclude<keyof FollowSettings, 'sizing'>
export type SizeField = 'sizingMode' | 'ratio' | 'multiplier' | 'quantityBase' | 'notionalQuote' | 'marginQuote' | 'percent' | 'riskPercent'
export type FollowField = PlainField | SizeField

export interface TierDraft {
  /** Null: whatever comes. */
  readonly upToQuote: string | null
  readonly ratio: string
}

/** What is typed into the form of a follow. */
export type FollowDraft = Record<FollowField, DraftValue> & { readonly tiers: readonly TierDraft[] }
export type FollowErrors = Partial<Record<FollowField | 'tiers', string>>

const USUAL_SIZES = {
  ratio: '1',
  multiplier: '1',
  quantityBase: '0.01',
  notionalQuote: '100',
  marginQuote: '50',
  percent: '5',
  riskPercent: '1',
  tiers: [
    { upToQuote: '1000', ratio: '1' },
    { upToQuote: null, ratio: '0.5' },
  ],
} as const

/** What somebody begins with: the leader’s suggestions, and what is usual where there is none. */
export function draftOfSuggested(suggested: SuggestedSettings): FollowDraft {
  return draftOf(FollowSettings.parse({ sizing: { mode: 'equity-to-equity' }, ...withoutNothing(suggested) }))
}

export function draftOf({ sizing, ...plain }: FollowSettings): FollowDraft {
  return { ...plain, ...USUAL_SIZES, ...sizeFieldsOf(sizing), sizingMode: sizing.mode }
}

function withoutNothing(suggested: SuggestedSettings): Partial<FollowSettingsInput> {
  return Object.fromEntries(Object.entries(suggested).filter(([, value]) => value !== undefined))
}

function sizeFieldsOf(sizing: Sizing): Partial<FollowDraft> {
  switch (sizing.mode) {
    case 'ratio':
      return { ratio: sizing.ratio }
    case 'equity-to-equity':
      return { multiplier: sizing.multiplier }
    case 'fixed-quantity':
      return { quantityBase: sizing.quantityBase }
    case 'fixed-quote':
      return { notionalQuote: sizing.notionalQuote }
    case 'fixed-margin':
      return { marginQuote: sizing.marginQuote }
    case 'percent-of-equity':
      return { percent: sizing.percent }
    case 'risk-from-stop':
      return { riskPercent: sizing.percent }
    case 'tiered':
      return { tiers: sizing.tiers }
  }
}

/** The settings a draft stands for, or what is wrong with each field. */
export function settingsOf(draft: FollowDraft): { settings: FollowSettings | null; errors: FollowErrors } {
  const parsed = FollowSettings.safeParse(inputOf(draft))
  if (parsed.success) return { settings: parsed.data, errors: {} }
  const errors: FollowErrors = {}
  for (const issue of parsed.error.issues) {
    const field = fieldOf(issue.path, draft)
    if (field !== null) errors[field] ??= issueWords(issue)
  }
  return { settings: null, errors }
}

function inputOf(draft: FollowDraft): Record<string, unknown> {
  const { sizingMode, ratio, multiplier, quantityBase, notionalQuote, marginQuote, percent, riskPercent, tiers, ...plain } = draft
  const sizes: Readonly<Record<string, object>> = {
    ratio: { ratio },
    'equity-to-equity': { multiplier },
    'fixed-quantity': { quantityBase },
    'fixed-quote': { notionalQuote },
    'fixed-margin': { marginQuote },
    'percent-of-equity': { percent },
    'risk-from-stop': { percent: riskPercent },
    tiered: { tiers },
  }
  return { ...plain, sizing: { mode: sizingMode, ...sizes[String(sizingMode)] } }
}

function fieldOf(path: readonly PropertyKey[], draft: FollowDraft): FollowField | 'tiers' | null {
  const [first, second] = path
  const name = first === 'sizing' ? (second === undefined ? 'sizingMode' : second) : first
  if (name === 'mode') return 'sizingMode'
  if (name === 'percent' && draft.sizingMode === 'risk-from-stop') return 'riskPercent'
  return isField(name, draft) ? name : null
}

function isField(name: PropertyKey | undefined, draft: FollowDraft): name is FollowField | 'tiers' {
  return typeof name === 'string' && Object.hasOwn(draft, name)
}

export interface FieldLock {
  readonly words: string
  /** Nothing else can be chosen. */
  readonly isFixed: boolean
  /** What holds instead of what is typed. */
  readonly value?: DraftValue
}

/** What the leader decides for everybody, by field. */
export function locksOf(forced: ForcedSettings): Partial<Record<FollowField, FieldLock>> {
  return {
    ...(forced.maxLeverage === null ? {} : { leverage: { words: `At most ${forced.maxLeverage}×, the leader’s limit.`, isFixed: false } }),
    ...(forced.marginMode === null
      ? {}
      : { marginMode: { words: 'Set by the leader for everybody.', isFixed: true, value: forced.marginMode } }),
    ...(forced.symbols.length === 0
      ? {}
      : { allowedSymbols: { words: `The leader lets only ${forced.symbols.map(shortSymbol).join(', ')} be copied.`, isFixed: false } }),
  }
}
