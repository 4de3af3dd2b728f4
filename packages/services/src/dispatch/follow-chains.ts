import { Alert } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ChainBlock } from '@matic/domain'
import { advance, carryOut, drop, followBlindly, forget, openIds, type Advanced, type Link } from '@matic/domain/chain/advance'
import { directionIn, isSamePosition, positionName, sizeIn } from '@matic/domain/chain/positions'
import { findKeys, keyText, readChains, readHeld, type ChainKey, type HeldSignal, type StoredChain } from './chain-store.ts'
import type { SignalRow } from './load-batch.ts'

/** A signal with what its place in its sender's chain of positions says of it. */
export interface PlacedSignal extends SignalRow {
  readonly block: ChainBlock | null
  /** Written beside its decisions. */
  readonly note: Readonly<Record<string, string>>
}

export interface NewHold {
  readonly signal: SignalRow
  readonly key: ChainKey
  readonly missingFrom: string
  readonly missingTo: string
}

export interface Release {
  /** The signal that repeats the held one. */
  readonly signal: SignalRow
  readonly originId: string
  /** Its owner asked for it: the signal is stored already. */
  readonly isByHand: boolean
}

/** Signals in the order in which they are to be decided, releases among them, and what is to be written about their chains. */
export interface Followed {
  readonly signals: readonly PlacedSignal[]
  readonly chains: readonly StoredChain[]
  readonly holds: readonly NewHold[]
  readonly releases: readonly Release[]
}

interface Context {
  readonly newId: () => string
  readonly timings: { readonly chainHoldMs: number }
}

interface Linked {
  readonly row: SignalRow
  readonly alert: Alert
  readonly key: ChainKey
}

/**
 * Finds the place of each signal in its sender's chain of positions. Costs one look where no alert says its position before. Writes nothing.
 * @param rows in the order of arrival, their sources held
 */
export async function followChains(
  tx: Transaction,
  ctx: Context,
  { rows, locked }: { rows: readonly SignalRow[]; locked: boolean },
): Promise<Followed> {
  const linked = new Map(rows.flatMap((row) => linkedOf(row)).map((one) => [one.row.id, one]))
  const wordless = rows.filter(({ id, source }) => source === 'WEBHOOK' && !linked.has(id)).map(({ sourceId }) => sourceId)
  const keys = [...[...linked.values()].map(({ key }) => key), ...(await findKeys(tx, [...new Set(wordless)]))]
  if (keys.length === 0) return { signals: rows.map(plain), chains: [], holds: [], releases: [] }
  const chains = await readChains(tx, keys)
  const waiting = [...chains.values()].flatMap(({ chain }) => openIds(chain))
  const origins = [...linked.values()].flatMap(({ alert }) => alert.originId ?? [])
  const held = await readHeld(tx, [...new Set([...waiting, ...origins])], locked)
  for (const stored of chains.values())
    for (const id of openIds(stored.chain)) if (held.get(id)?.state === 'DROPPED') stored.chain = drop(stored.chain, id)

  const signals: PlacedSignal[] = []
  const holds: NewHold[] = []
  const releases: Release[] = []
  for (const row of rows) {
    const one = linked.get(row.id)
    const stored = one === undefined ? undefined : chains.get(keyText(one.key))
    if (one === undefined || stored === undefined) {
      if (row.source === 'WEBHOOK') forgetAll(row, chains)
      signals.push(plain(row))
      continue
    }
    const release = ({ id }: Link) => {
      const origin = held.get(id)
      if (origin === undefined) return
      const signal = releaseOf(ctx, row, origin)
      releases.push({ signal, originId: id, isByHand: false })
      signals.push(plain(signal))
    }
    const next = take(ctx, one, stored, held)
    stored.chain = next.chain
    next.releasedBefore.forEach(release)
    signals.push(placed(one, next))
    if (next.verdict === 'held' && next.missing !== null) {
      holds.push({ signal: row, key: one.key, missingFrom: next.missing.from, missingTo: next.missing.to })
      held.set(row.id, { ...row, state: 'HELD' })
    }
    if (row.source === 'RELEASE' && next.verdict === 'in-order')
      releases.push({ signal: row, originId: one.alert.originId ?? '', isByHand: true })
    next.released.forEach(release)
  }
  return { signals, chains: [...chains.values()], holds, releases }
}

function plain(row: SignalRow): PlacedSignal {
  return { ...row, block: null, note: {} }
}

function linkedOf(row: SignalRow): Linked[] {
  if (row.source !== 'WEBHOOK' && row.source !== 'RELEASE') return []
  const alert = Alert.parse(row.alert)
  const isLinked = alert.marketPosition !== null && alert.previousMarketPosition !== null
  if (!isLinked || (row.source === 'RELEASE' && alert.originId === null)) return []
  return [{ row, alert, key: { sourceId: row.sourceId, ticker: alert.ticker, account: alert.accountId ?? '' } }]
}

/** Closes and opens without a position may take the sender anywhere. */
function forgetAll({ sourceId, alert }: SignalRow, chains: ReadonlyMap<string, StoredChain>): void {
  const { ticker, accountId, action, alertAtMs } = Alert.parse(alert)
  for (const stored of chains.values()) {
    const isMeant = action === 'close-all' || stored.ticker === ticker
    const isTheirs = stored.sourceId === sourceId && (accountId === null || stored.account === accountId)
    if (isMeant && isTheirs && action !== 'cancel' && action !== 'protect') stored.chain = forget(stored.chain, alertAtMs)
  }
}

function take(ctx: Context, { row, alert }: Linked, { chain, holdsGaps }: StoredChain, held: ReadonlyMap<string, HeldSignal>): Advanced {
  if (row.source === 'RELEASE') {
    const origin = held.get(alert.originId ?? '')
    const isOpen = origin?.state === 'HELD' || origin?.state === 'EXPIRED'
    return carryOut(chain, isOpen ? linkOf(origin.id, Alert.parse(origin.alert), origin) : linkOf('', alert, row))
  }
  const link = linkOf(row.id, alert, row)
  return holdsGaps ? advance(chain, link, { holdMs: ctx.timings.chainHoldMs }) : followBlindly(chain, link)
}

/** Sizes count only where both are said. */
function linkOf(id: string, alert: Alert, { receivedAt }: Pick<SignalRow, 'receivedAt'>): Link {
  const { marketPosition, previousMarketPosition, marketPositionSize: after, previousMarketPositionSize: before, alertAtMs } = alert
  const isSized = after !== null && before !== null
  return {
    id,
    from: positionName(previousMarketPosition ?? 'flat', isSized ? before : null),
    to: positionName(marketPosition ?? 'flat', isSized ? after : null),
    firedAtMs: alertAtMs,
    receivedAtMs: receivedAt.getTime(),
  }
}

function placed({ row, alert }: Linked, { verdict, missing, before }: Advanced): PlacedSignal {
  const gap: Record<string, string> = missing === null ? {} : { missingFrom: missing.from, missingTo: missing.to }
  const note: Record<string, string> = missing === null && verdict === 'in-order' ? {} : { chain: verdict, ...gap }
  if (verdict === 'held' && missing !== null) return { ...row, note, block: { verdict, missingFrom: missing.from, missingTo: missing.to } }
  if (verdict === 'late') return { ...row, note, block: { verdict } }
  return { ...row, alert: sinceCarried(alert, before), note, block: null }
}

/** A part goes off what was carried out, which is not what the sender came from where something is missing in between. */
function sinceCarried(alert: Alert, before: string | null): Alert {
  const { previousMarketPosition, previousMarketPositionSize } = alert
  if (before === null || previousMarketPosition === null || previousMarketPositionSize === null) return alert
  const size = sizeIn(before)
  if (size === null || directionIn(before) !== previousMarketPosition || directionIn(before) !== alert.marketPosition) return alert
  if (isSamePosition(before, positionName(previousMarketPosition, previousMarketPositionSize))) return alert
  return { ...alert, previousMarketPositionSize: size.toFixed() }
}

/** A held alert as a signal of its own, as old as the alert is. */
function releaseOf({ newId }: Context, by: SignalRow, { id, userId, alert, receivedAt }: HeldSignal): SignalRow {
  const repeated = Alert.parse(alert)
  return {
    id: newId(),
    userId,
    source: 'RELEASE',
    sourceId: by.sourceId,
    receivedAt: by.receivedAt,
    committedAt: by.committedAt,
    alertAt: null,
    alert: { ...repeated, originId: id, idempotencyKey: null, alertAtMs: repeated.alertAtMs ?? receivedAt.getTime() },
    nowMs: by.nowMs,
  }
}
