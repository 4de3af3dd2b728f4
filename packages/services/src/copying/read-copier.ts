import { AppError, type FollowSettings } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { Copier } from '@matic/domain'
import { EVERY_ROUTE, loadMarkets, loadRoutes, type SignalRow } from '../dispatch/load-batch.ts'
import { loadRanges } from '../markets/ranges.ts'
import { rulesOf, ruleColumns, type RulesRow } from '../rules/rule-columns.ts'
import { EXCHANGES } from '../signals/as-if-received.ts'
import type { OfferedStrategy } from './offered-strategy.ts'

interface Asked {
  readonly userId: string
  readonly accountId: string | undefined
  readonly settings: FollowSettings
  readonly strategy: OfferedStrategy
  readonly signal: SignalRow
}

export interface ReadCopier {
  readonly copier: Copier
  /** Of the account, quote; null while it has not been read, or without an account. */
  readonly equity: string | null
}

/**
 * The rules and the market of an account, or without one the person's own rules on the leader's market.
 * @throws AppError ACCOUNT_NOT_FOUND
 */
export async function readCopier(tx: Transaction, { userId, accountId, settings, strategy, signal }: Asked): Promise<ReadCopier> {
  const of = accountId === undefined ? await readPerson(tx, userId, strategy) : await readAccount(tx, { userId, accountId, signal })
  const { exchange } = of.account
  const markets = (await loadMarkets(tx, [exchange])).get(exchange)
  const rangeOf = of.rules.stopMode === 'atr' ? (await loadRanges(tx, [exchange])).get(exchange) : undefined
  const trailing = EXCHANGES.get(exchange)?.capabilities.trailing ?? 'none'
  return {
    equity: of.equity,
    copier: {
      settings,
      forced: strategy.forced,
      rules: of.rules,
      listensTo: strategy.source,
      account: { ...of.account, trailing },
      markets: markets?.index ?? new Map(),
      markOf: markets?.markOf ?? (() => null),
      rangeOf: rangeOf ?? (() => null),
    },
  }
}

interface Of {
  readonly account: { readonly exchange: string; readonly positionMode: 'ONE_WAY' | 'HEDGE' }
  readonly rules: Copier['rules']
  readonly equity: string | null
}

async function readAccount(
  tx: Transaction,
  { userId, accountId, signal }: { userId: string; accountId: string; signal: SignalRow },
): Promise<Of> {
  const { routes } = await loadRoutes(tx, [{ ...signal, sourceId: accountId }], EVERY_ROUTE, [accountId])
  const own = routes.find(({ sourceKind, userId: owner }) => sourceKind === 'MANUAL' && owner === userId)
  if (own === undefined) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
  return { account: { exchange: own.exchange, positionMode: own.positionMode }, rules: own.settings, equity: own.equity }
}

async function readPerson(tx: Transaction, userId: string, { exchange }: OfferedStrategy): Promise<Of> {
  const [row] = await tx.query<RulesRow>(`SELECT ${ruleColumns('b')}, NULL AS overrides FROM bot_settings b WHERE b.user_id = $1`, [userId])
  if (row === undefined) throw new AppError('NOT_FOUND', 'There are no rules yet')
  return { account: { exchange, positionMode: 'ONE_WAY' }, rules: { ...rulesOf(row), isEnabled: true }, equity: null }
}
