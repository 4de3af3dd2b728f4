import type { CanarySettings, CopyTermsView } from '@matic/contracts'
import { draftOfSuggested, settingsOf, type FollowDraft } from './follow-draft.ts'
import type { DraftValue, FieldGroupOf } from './rule-fields.ts'

type CanaryField = `canary${Capitalize<keyof CanarySettings>}`
export type OfferField =
  | 'source'
  | 'state'
  | 'maxFollowers'
  | 'profitSharePercent'
  | 'managementPercent'
  | 'maxLeverage'
  | 'marginMode'
  | 'symbols'
  | 'showsAmounts'
  | CanaryField
export type OfferDraft = Record<OfferField, DraftValue> & { readonly suggests: boolean; readonly suggested: FollowDraft }
export type OfferErrors = Partial<Record<OfferField, string>>

const hasCanary = (draft: OfferDraft) => draft.canaryIsOn === true

export const OFFER_GROUPS: readonly FieldGroupOf<OfferField, OfferDraft>[] = [
  {
    title: 'What is copied',
    about: 'It cannot change while somebody follows.',
    fields: [
      {
        field: 'source',
        label: 'Source',
        kind: 'choice',
        choices: [
          { value: 'WEBHOOK', label: 'Alerts at my webhook' },
          { value: 'MANUAL', label: 'What I trade by hand here' },
          { value: 'ACCOUNT', label: 'All my account trades, wherever' },
        ],
      },
      {
        field: 'state',
        label: 'State',
        kind: 'choice',
        choices: [
          { value: 'PUBLISHED', label: 'Open for copying' },
          { value: 'PAUSED', label: 'Paused: nothing opens' },
        ],
      },
      {
        field: 'maxFollowers',
        label: 'Followers at most',
        kind: 'integer',
        empty: 'no limit',
        help: 'People, with however many accounts.',
      },
    ],
  },
  {
    title: 'Fees',
    about: 'Counted for each follower and shown to both of you.',
    fields: [
      {
        field: 'profitSharePercent',
        label: 'Share of profit',
        kind: 'decimal',
        unit: '%',
        help: 'Of what a copy has made above its highest profit so far. 0 to 50.',
      },
      { field: 'managementPercent', label: 'Management', kind: 'decimal', unit: '% a year', help: 'Of what is copied with. 0 to 50.' },
    ],
  },
  {
    title: 'For every follower',
    about: 'Nobody gets past these. Followers see them with a lock.',
    fields: [
      { field: 'maxLeverage', label: 'Highest leverage', kind: 'integer', unit: '×', empty: 'no limit' },
      {
        field: 'marginMode',
        label: 'Margin mode',
        kind: 'choice',
        choices: [
          { value: 'any', label: 'As they like' },
          { value: 'cross', label: 'Cross' },
          { value: 'isolated', label: 'Isolated' },
        ],
      },
      { field: 'symbols', label: 'Only these markets', kind: 'symbols', empty: 'all of them' },
    ],
  },
  {
    title: 'What others see',
    about: 'On your page, on the leaderboard and in your record.',
    fields: [
      {
        field: 'showsAmounts',
        label: 'Amounts of money',
        kind: 'flag',
        help: 'Off: what you made and have in money is shown to you alone. Ratios stay, and so does the check of your record.',
      },
    ],
  },
  {
    title: 'A few go first',
    about:
      'Of each opening a few orders are sent ahead. Where the exchange refuses too many of them, nobody else’s is sent. Closes never wait.',
    fields: [
      { field: 'canaryIsOn', label: 'Send a few ahead', kind: 'flag', help: 'Off: an opening that is wrong reaches all of them at once.' },
      {
        field: 'canaryAbove',
        label: 'With more followers than',
        kind: 'integer',
        help: 'So many or fewer are all sent at once. 5 to 1,000.',
        when: hasCanary,
      },
      {
        field: 'canaryPercent',
        label: 'Go first',
        kind: 'integer',
        unit: '% of followers',
        help: 'But from 5 to 25 of them. 1 to 50.',
        when: hasCanary,
      },
      {
        field: 'canaryHoldMs',
        label: 'The others wait',
        kind: 'integer',
        unit: 'ms at most',
        help: 'They go as soon as the first are answered. 50 to 5,000.',
        when: hasCanary,
      },
      {
        field: 'canaryRejectPercent',
        label: 'Halt above',
        kind: 'integer',
        unit: '% refused',
        help: 'Of at least five answers, also after the first. 5 to 95.',
        when: hasCanary,
      },
    ],
  },
]

/** The field that a problem of the body is about. */
export function offerFieldAt(path: readonly PropertyKey[]): OfferField | null {
  const [first, second] = path
  const name = first === 'canary' ? `canary${String(second).charAt(0).toUpperCase()}${String(second).slice(1)}` : null
  return OFFER_FIELDS.find((field) => field === name || path.includes(field)) ?? null
}
const OFFER_FIELDS = OFFER_GROUPS.flatMap(({ fields }) => fields.map(({ field }) => field))

export function draftOfTerms(terms: CopyTermsView): OfferDraft {
  const { forced, suggested, canary } = terms
  return {
    source: terms.source ?? 'WEBHOOK',
    state: terms.state === 'PAUSED' ? 'PAUSED' : 'PUBLISHED',
    maxFollowers: terms.maxFollowers,
    profitSharePercent: terms.profitSharePercent,
    managementPercent: terms.managementPercent,
    maxLeverage: forced.maxLeverage,
    marginMode: forced.marginMode ?? 'any',
    symbols: forced.symbols,
    showsAmounts: terms.showsAmounts,
    canaryIsOn: canary.isOn,
    canaryPercent: canary.percent,
    canaryAbove: canary.above,
    canaryHoldMs: canary.holdMs,
    canaryRejectPercent: canary.rejectPercent,
    // Of what is not suggested the contract fills in what is usual; sizing has nothing usual.
    suggests: suggested.sizing !== undefined,
    suggested: draftOfSuggested(suggested),
  }
}

/** The body that offers it, before the API looks at it; null while the suggestions cannot be read. */
export function offerOf(draft: OfferDraft): Record<string, unknown> | null {
  const { source, state, maxFollowers, profitSharePercent, managementPercent, maxLeverage, marginMode, symbols, suggests, suggested } =
    draft
  const { settings } = settingsOf(suggested)
  if (suggests && settings === null) return null
  return {
    source,
    state,
    maxFollowers,
    profitSharePercent: profitSharePercent ?? '',
    managementPercent: managementPercent ?? '',
    forced: { maxLeverage, marginMode: marginMode === 'any' ? null : marginMode, symbols },
    suggested: suggests ? settings : {},
    showsAmounts: draft.showsAmounts,
    canary: {
      isOn: draft.canaryIsOn,
      percent: draft.canaryPercent,
      above: draft.canaryAbove,
      holdMs: draft.canaryHoldMs,
      rejectPercent: draft.canaryRejectPercent,
    },
  }
}

/** Fields whose change every follower is told of. */
export const TOLD_FIELDS: readonly OfferField[] = ['state', 'maxLeverage', 'marginMode', 'symbols']

/** Who hears of a change that binds everybody, and when. */
export function toldWords(people: number, what: 'its state' | 'these'): string {
  if (people === 0) return `Nobody follows yet, so nobody is told of a change of ${what}.`
  return `${people === 1 ? 'One follower is' : `${people} followers are`} told of a change of ${what} within seconds, in their log and by mail. What you change again within an hour of that is told as one when the hour is over.`
}

export function withdrawalWords(people: number): string {
  if (people === 0) return 'Nobody follows, so nobody is told.'
  return `${people === 1 ? 'One follower is' : `${people} followers are`} told within seconds, in their log and by mail.`
}

/** For comparing: the same draft gives the same words. */
export function isSameOffer(one: OfferDraft, other: OfferDraft): boolean {
  return JSON.stringify(offerOf(one)) === JSON.stringify(offerOf(other)) && offerOf(one) !== null
}
