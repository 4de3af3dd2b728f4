import type { FieldChoice, FieldGroupOf } from './rule-fields.ts'
import type { FollowDraft, FollowField } from './follow-draft.ts'
import { SIZING_WORDS } from './follow-words.ts'

const sizedBy = (mode: string) => (draft: FollowDraft) => draft.sizingMode === mode

const MODES: readonly FieldChoice[] = Object.entries(SIZING_WORDS).map(([value, { label }]) => ({ value, label }))

/** Every setting of a follow, as its form asks for it. Tiers have a grid of their own. */
export const FOLLOW_GROUPS: readonly FieldGroupOf<FollowField, FollowDraft>[] = [
  {
    title: 'Size',
    about: 'How large a copied opening is. What the leader adds later grows it by as much as theirs grows.',
    fields: [
      { field: 'sizingMode', label: 'Sized by', kind: 'choice', choices: MODES },
      { field: 'multiplier', label: 'Times', kind: 'decimal', unit: '×', when: sizedBy('equity-to-equity') },
      { field: 'ratio', label: 'Ratio', kind: 'decimal', unit: '× leader', when: sizedBy('ratio') },
      { field: 'quantityBase', label: 'Quantity', kind: 'decimal', unit: 'base', when: sizedBy('fixed-quantity') },
      { field: 'notionalQuote', label: 'Amount', kind: 'decimal', unit: 'USDT', when: sizedBy('fixed-quote') },
      { field: 'marginQuote', label: 'Margin', kind: 'decimal', unit: 'USDT', when: sizedBy('fixed-margin') },
      { field: 'percent', label: 'Margin', kind: 'decimal', unit: '% of equity', when: sizedBy('percent-of-equity') },
      { field: 'riskPercent', label: 'Risk', kind: 'decimal', unit: '% of equity', when: sizedBy('risk-from-stop') },
      {
        field: 'belowMinimum',
        label: 'Too small for the market',
        kind: 'choice',
        choices: [
          { value: 'skip', label: 'Not copied' },
          { value: 'round-up', label: 'As small as it takes' },
          { value: 'accumulate', label: 'Gather until it is enough' },
        ],
      },
      {
        field: 'roundUpMaxQuote',
        label: 'Rounded up to at most',
        kind: 'decimal',
        unit: 'USDT',
        when: (draft) => draft.belowMinimum === 'round-up',
      },
      {
        field: 'notEnoughBalance',
        label: 'Too little balance',
        kind: 'choice',
        choices: [
          { value: 'skip', label: 'Not copied' },
          { value: 'shrink', label: 'As large as it allows' },
        ],
      },
      {
        field: 'maxOrderQuote',
        label: 'Largest opening',
        kind: 'decimal',
        unit: 'USDT',
        empty: 'no limit',
        help: 'Larger ones are cut to it.',
      },
    ],
  },
  {
    title: 'Leverage and markets',
    about: 'The rules of your account hold beside these.',
    fields: [
      { field: 'leverage', label: 'Leverage', kind: 'integer', unit: '×', empty: 'as the leader' },
      {
        field: 'marginMode',
        label: 'Margin mode',
        kind: 'choice',
        choices: [
          { value: 'own', label: 'As my rules say' },
          { value: 'cross', label: 'Cross' },
          { value: 'isolated', label: 'Isolated' },
        ],
      },
      {
        field: 'direction',
        label: 'Direction',
        kind: 'choice',
        choices: [
          { value: 'normal', label: 'As the leader' },
          { value: 'reverse', label: 'The other way around' },
        ],
      },
      { field: 'maxPositions', label: 'Positions at once', kind: 'integer', empty: 'no limit' },
      { field: 'allowedSymbols', label: 'Only these markets', kind: 'symbols', empty: 'all of them' },
      { field: 'blockedSymbols', label: 'Never these markets', kind: 'symbols', empty: 'none' },
    ],
  },
  {
    title: 'Openings',
    about: 'Which openings are too late. Closes always pass.',
    fields: [
      { field: 'entrySlippagePercent', label: 'Price worse than the leader’s by', kind: 'decimal', unit: '%', empty: 'no limit' },
      { field: 'maxSignalAgeSeconds', label: 'Oldest signal', kind: 'integer', unit: 's' },
      { field: 'coolDownMinutes', label: 'Pause after a loss', kind: 'integer', unit: 'min', help: '0 is none.' },
    ],
  },
  {
    title: 'Protection and end',
    about: 'What ends a position, and what ends this copy.',
    fields: [
      {
        field: 'protection',
        label: 'Stop and target',
        kind: 'choice',
        choices: [
          { value: 'leader', label: 'The leader’s' },
          { value: 'own', label: 'Those of my rules' },
        ],
      },
      {
        field: 'repair',
        label: 'What an order missed',
        kind: 'choice',
        choices: [
          { value: 'reduce-only', label: 'Make up for closes' },
          { value: 'full', label: 'Closes and openings' },
          { value: 'ask', label: 'Wait for me' },
        ],
        help: 'A close is made up for where the leader is out. Openings only as you allow it here: for ten minutes, once, while the leader is in and the price is within your limit.',
      },
      {
        field: 'portfolioStopPercent',
        label: 'Stop copying at a loss of',
        kind: 'decimal',
        unit: '%',
        empty: 'never',
        help: 'Of the equity it began with. Everything it holds is closed.',
      },
      { field: 'takeProfitPercent', label: 'Stop copying at a profit of', kind: 'decimal', unit: '%', empty: 'never' },
    ],
  },
]
