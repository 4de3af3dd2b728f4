import type { NewFact, Transaction } from '@matic/db'
import type { ExchangePosition } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import { positionFact, savePosition } from './position-rows.ts'
import { POSITION_COLUMNS } from './rows.ts'
import type { PositionRow } from './rows.ts'

export interface PositionReading {
  /** Database ms when the exchange was asked. */
  readonly askedAtMs: number
  readonly positions: readonly ExchangePosition[]
}

/**
 * Makes our rows what the exchange lists. A list that contradicts a change of ours from the last moments (it lags behind) is not
 * believed yet for that symbol; `settled` names sides of symbols (`symbol side`) whose fills already prove it.
 * @returns facts, and the symbols where the list was not believed
 */
export async function applyPositions(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  reading: PositionReading,
  options: { settled?: ReadonlySet<string>; only?: { symbol: string; positionSide: 'BOTH' | 'LONG' | 'SHORT' } } = {},
): Promise<{ facts: NewFact[]; doubted: string[] }> {
  const rows = await tx.query<PositionRow>(
    `SELECT ${POSITION_COLUMNS} FROM position p WHERE p.account_id = $1 ORDER BY p.symbol FOR UPDATE`,
    [lane.accountId],
  )
  const seen = new Map(reading.positions.map((position) => [`${position.symbol} ${position.positionSide}`, position]))
  const known = new Map(rows.map((row) => [`${row.symbol} ${row.positionSide}`, row]))
  const facts: NewFact[] = []
  const doubted: string[] = []

  for (const key of new Set([
    ...seen.keys(),
    ...known.keys(),
    ...(options.only ? [`${options.only.symbol} ${options.only.positionSide}`] : []),
  ])) {
    const now = seen.get(key)
    const row = known.get(key)
    const symbol = now?.symbol ?? row?.symbol ?? options.only?.symbol
    if (symbol === undefined || (options.only !== undefined && symbol !== options.only.symbol)) continue
    if (row && lags(ctx, row, now, reading.askedAtMs) && !options.settled?.has(key)) {
      doubted.push(symbol)
      continue
    }
    const saved = await savePosition(
      tx,
      ctx,
      lane,
      row,
      changeOf(row, now, { symbol, positionSide: row?.positionSide ?? options.only?.positionSide ?? 'BOTH' }, reading.askedAtMs),
    )
    if (differs(row, saved)) facts.push(positionFact(saved))
  }
  return { facts, doubted }
}

/** Ours opened or closed within the exchange's read lag, and the list does not show it. */
function lags(ctx: ExecutionContext, row: PositionRow, now: ExchangePosition | undefined, askedAtMs: number): boolean {
  const isOpen = new Decimal(row.quantityBase).gt(0)
  const changedMs = (isOpen ? row.openedAt : row.closedAt)?.getTime() ?? 0
  if (changedMs + ctx.timings.replicaLagMs < askedAtMs) return false
  return isOpen ? now === undefined || now.side !== row.side : now !== undefined
}

function changeOf(
  row: PositionRow | undefined,
  now: ExchangePosition | undefined,
  flat: Pick<PositionRow, 'symbol' | 'positionSide'>,
  askedAtMs: number,
) {
  const wasOpen = row !== undefined && new Decimal(row.quantityBase).gt(0)
  if (!now) {
    return {
      ...flat,
      side: row?.side ?? (flat.positionSide === 'SHORT' ? 'SHORT' : 'LONG'),
      quantityBase: new Decimal(0),
      entryPrice: null,
      opened: false,
      routeId: null,
      syncedAtMs: askedAtMs,
    } as const
  }
  const { markPrice, liquidationPrice, leverage, marginMode, margin, unrealizedPnl } = now
  return {
    symbol: now.symbol,
    positionSide: now.positionSide,
    side: now.side,
    quantityBase: new Decimal(now.quantityBase),
    entryPrice: new Decimal(now.entryPrice),
    opened: !wasOpen || row.side !== now.side,
    routeId: null,
    exchange: { markPrice, liquidationPrice, leverage, marginMode, margin, unrealizedPnl },
    syncedAtMs: askedAtMs,
  } as const
}

/** Worth telling: more than the mark has moved. */
function differs(row: PositionRow | undefined, saved: PositionRow): boolean {
  if (!row) return new Decimal(saved.quantityBase).gt(0)
  const same = new Decimal(row.quantityBase).eq(saved.quantityBase) && row.side === saved.side && row.epoch === saved.epoch
  return !same || !equalOrBothNull(row.entryPrice, saved.entryPrice)
}

function equalOrBothNull(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && new Decimal(a).eq(b))
}
