import type { MarketInfo, ExchangePort, AccountHandle } from '@matic/exchange/port'
import type { ServiceContext } from '../context.ts'
import type { CrashPoints } from './crash-points.ts'
import type { ExchangeClocks } from './exchange-clocks.ts'
import type { OpensCircuit } from './opens-circuit.ts'
import type { Sabotages } from './sabotage.ts'

/** Who this process is among workers. The id changes when the session lock was lost and taken anew. */
export interface WorkerIdentity {
  /** `undefined` while the process holds no lock: it must not touch lanes. */
  current(): { id: string; signal: AbortSignal } | undefined
}

/** Keys opened just in time. */
export interface AccountKeys {
  /** @returns `undefined` when the account has no key that opens */
  open(accountId: string): Promise<AccountHandle | undefined>
  forget(accountId: string): void
}

export interface MarketBook {
  /** As the exchange last reported it; `undefined` for a market it does not have. */
  find(exchange: string, symbol: string): Promise<MarketInfo | undefined>
}

/** Told how long exchanges take. */
export interface ExecutionMeter {
  /** `outcome`: acked, or what is known of a failure. `seconds`: since the request was committed. */
  orderAnswered(labels: { exchange: string; leg: string; outcome: 'acked' | 'not-sent' | 'refused' | 'unknown' }, seconds: number): void
  /** Of many followers' opens: the canary was answered and the rest goes, or does not. */
  fanOutSettled?(state: 'RELEASED' | 'HALTED'): void
}

export interface ExecutionContext extends ServiceContext {
  readonly worker: WorkerIdentity
  /** One port per exchange an account may name (PAPER, BINANCE, …). */
  readonly exchanges: ReadonlyMap<string, ExchangePort>
  readonly keys: AccountKeys
  readonly clocks: ExchangeClocks
  readonly markets: MarketBook
  readonly circuit: OpensCircuit
  readonly clientOrderId: (orderId: string) => string
  readonly sabotage: Sabotages
  readonly crashPoints: CrashPoints
  readonly meter?: ExecutionMeter
}
