import { ATR_INTERVALS, type RuleField, type TargetRule } from '@matic/contracts'

export type DraftValue = string | number | boolean | null | readonly string[] | readonly TargetRule[]
export type RulesDraft = Record<RuleField, DraftValue>

export interface FieldChoice {
  readonly value: string
  readonly label: string
}

/** One input of a form. */
export interface InputSpec<Field extends string = string> {
  readonly field: Field
  readonly label: string
  readonly kind: 'choice' | 'decimal' | 'integer' | 'flag' | 'symbols' | 'targets'
  readonly unit?: string
  /** What it does, in a line. */
  readonly help?: string
  readonly choices?: readonly FieldChoice[]
  /** What an empty box means; without it the box must be filled. */
  readonly empty?: string
}

export interface FieldSpecOf<Field extends string, Draft> extends InputSpec<Field> {
  /** Shown only where it has an effect. */
  readonly when?: (draft: Draft) => boolean
}

export interface FieldGroupOf<Field extends string, Draft> {
  readonly title: string
  readonly about: string
  readonly fields: readonly FieldSpecOf<Field, Draft>[]
}

export type FieldGroup = FieldGroupOf<RuleField, RulesDraft>

const isOneOf =
  (field: RuleField, ...values: readonly DraftValue[]) =>
  (draft: RulesDraft) =>
    values.includes(draft[field])

/** Every rule, as the page asks for it. */
export const RULE_GROUPS: readonly FieldGroup[] = [
  {
    title: 'Size',
    about: 'How large an open is.',
    fields: [
      {
        field: 'sizingMode',
        label: 'Sized by',
        kind: 'choice',
        choices: [
          { value: 'alert', label: 'The alert’s quantity' },
          { value: 'fixed-quantity', label: 'A fixed quantity' },
          { value: 'fixed-quote', label: 'A fixed amount' },
          { value: 'percent-of-equity', label: 'Percent of equity' },
          { value: 'risk-per-trade', label: 'Risk per trade' },
        ],
      },
      {
        field: 'fixedQuantity',
        label: 'Quantity',
        kind: 'decimal',
        unit: 'base',
        empty: 'none',
        when: isOneOf('sizingMode', 'fixed-quantity'),
      },
      {
        field: 'fixedQuote',
        label: 'Amount',
        kind: 'decimal',
        unit: 'USDT',
        help: 'What the position is worth.',
        when: isOneOf('sizingMode', 'fixed-quote'),
      },
      {
        field: 'equityPercent',
        label: 'Margin',
        kind: 'decimal',
        unit: '% of equity',
        help: 'Of an alert: where it carries no quantity.',
        when: isOneOf('sizingMode', 'percent-of-equity', 'alert'),
      },
      {
        field: 'riskPerTrade',
        label: 'Risk',
        kind: 'decimal',
        unit: '% of equity',
        help: 'What the stop may cost, before fees and slippage.',
        when: isOneOf('sizingMode', 'risk-per-trade'),
      },
      { field: 'defaultLeverage', label: 'Leverage', kind: 'integer', unit: '×', help: 'Where the alert asks for none.' },
      { field: 'maxLeverage', label: 'Highest leverage', kind: 'integer', unit: '×', help: 'More is capped.' },
      {
        field: 'marginMode',
        label: 'Margin mode',
        kind: 'choice',
        choices: [
          { value: 'cross', label: 'Cross' },
          { value: 'isolated', label: 'Isolated' },
        ],
      },
    ],
  },
  {
    title: 'Stop',
    about: 'What ends a losing trade. Prices in an alert win over these.',
    fields: [
      {
        field: 'stopMode',
        label: 'Measured by',
        kind: 'choice',
        choices: [
          { value: 'percent', label: 'Percent of the price' },
          { value: 'atr', label: 'Average range (ATR)' },
        ],
      },
      {
        field: 'stopLossPercent',
        label: 'Distance',
        kind: 'decimal',
        unit: '% of entry',
        empty: 'no stop',
        when: isOneOf('stopMode', 'percent'),
      },
      { field: 'atrMultiplier', label: 'Distance', kind: 'decimal', unit: '× range', when: isOneOf('stopMode', 'atr') },
      { field: 'atrPeriod', label: 'Range of', kind: 'integer', unit: 'candles', when: isOneOf('stopMode', 'atr') },
      {
        field: 'atrInterval',
        label: 'Candles of',
        kind: 'choice',
        choices: ATR_INTERVALS.map((value) => ({ value, label: value })),
        when: isOneOf('stopMode', 'atr'),
      },
      { field: 'breakEvenPercent', label: 'To the entry at a profit of', kind: 'decimal', unit: '%', empty: 'never' },
      {
        field: 'breakEvenAfterTarget',
        label: 'To the entry after target',
        kind: 'integer',
        empty: 'never',
        when: ({ targets }) => Array.isArray(targets) && targets.length > 0,
      },
      { field: 'trailingStop', label: 'Trailing stop', kind: 'flag', help: 'Kept by the exchange, beside the stop.' },
      { field: 'trailingPercent', label: 'Trails by', kind: 'decimal', unit: '%', when: isOneOf('trailingStop', true) },
      {
        field: 'trailingActivationPercent',
        label: 'From a profit of',
        kind: 'decimal',
        unit: '%',
        empty: 'at once',
        when: isOneOf('trailingStop', true),
      },
    ],
  },
  {
    title: 'Targets',
    about: 'Where profit is taken.',
    fields: [
      { field: 'targets', label: 'Several targets', kind: 'targets', help: 'Nearest first. What their shares leave stays open.' },
      {
        field: 'takeProfitPercent',
        label: 'Target',
        kind: 'decimal',
        unit: '% of entry',
        empty: 'no target',
        when: ({ targets }) => Array.isArray(targets) && targets.length === 0,
      },
      {
        field: 'atrTargetMultiplier',
        label: 'Target by range',
        kind: 'decimal',
        unit: '× range',
        empty: 'by percent',
        when: ({ targets, stopMode }) => Array.isArray(targets) && targets.length === 0 && stopMode === 'atr',
      },
    ],
  },
  {
    title: 'Limits',
    about: 'What stops opens. Closes always pass.',
    fields: [
      { field: 'maxPositions', label: 'Positions at once', kind: 'integer' },
      { field: 'maxNotional', label: 'Largest order', kind: 'decimal', unit: 'USDT', empty: 'no limit' },
      {
        field: 'dailyLossPercent',
        label: 'Loss of a day',
        kind: 'decimal',
        unit: '% of equity',
        empty: 'no limit',
        help: 'Days begin at 00:00 UTC.',
      },
      {
        field: 'maxDrawdownPercent',
        label: 'Fall from the peak',
        kind: 'decimal',
        unit: '%',
        empty: 'no limit',
        help: 'Deposits do not count.',
      },
      { field: 'coolDownMinutes', label: 'Pause', kind: 'integer', unit: 'min', help: '0 is none.' },
      {
        field: 'coolDownAfter',
        label: 'Pause after',
        kind: 'choice',
        choices: [
          { value: 'loss', label: 'A losing trade' },
          { value: 'stop', label: 'A stop that was hit' },
        ],
        when: (draft) => draft.coolDownMinutes !== 0,
      },
    ],
  },
  {
    title: 'Alerts',
    about: 'Which alerts may open.',
    fields: [
      { field: 'maxSignalAgeSeconds', label: 'Oldest alert', kind: 'integer', unit: 's' },
      { field: 'maxSlippagePercent', label: 'Price worse than the alert’s by', kind: 'decimal', unit: '%', empty: 'no limit' },
      { field: 'allowedSymbols', label: 'Only these symbols', kind: 'symbols', empty: 'all of them' },
      { field: 'blacklistedSymbols', label: 'Never these symbols', kind: 'symbols', empty: 'none' },
      { field: 'spotTickerToPerp', label: 'Spot tickers trade the perpetual', kind: 'flag' },
    ],
  },
]
