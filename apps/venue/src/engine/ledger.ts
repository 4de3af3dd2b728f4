import type { Fixed } from './fixed.ts'
import type { Account, House, IncomeType, VenueState } from './state.ts'

const counterpart: Readonly<Record<IncomeType, keyof House>> = {
  TRANSFER: 'deposits',
  COMMISSION: 'fees',
  REALIZED_PNL: 'market',
  FUNDING_FEE: 'market',
  INSURANCE_CLEAR: 'insurance',
}

/** One entry, two sides: into the account's wallet (negative: out of it), out of the house's pot. USDT. */
export function post(
  state: VenueState,
  account: Account,
  entry: { type: IncomeType; amount: Fixed; symbol: string; tradeId: number; at: number },
): void {
  if (entry.amount === 0n) return
  account.wallet += entry.amount
  account.updatedAt = entry.at
  state.house[counterpart[entry.type]] -= entry.amount
  account.incomes.push({ id: state.nextIncomeId++, ...entry })
}

export interface Books {
  readonly wallets: Fixed
  readonly house: Readonly<House>
  /** Zero, or the ledger is broken. */
  readonly sum: Fixed
  /** Accounts whose entries do not add up to their wallet: none, or the ledger is broken. */
  readonly unbalanced: readonly string[]
}

export function readBooks(state: VenueState): Books {
  let wallets = 0n
  const unbalanced: string[] = []
  for (const account of state.accounts.values()) {
    wallets += account.wallet
    const entries = account.incomes.reduce((sum, income) => sum + income.amount, 0n)
    if (entries !== account.wallet) unbalanced.push(account.ref)
  }
  const { deposits, fees, insurance, market } = state.house
  return { wallets, house: { ...state.house }, sum: wallets + deposits + fees + insurance + market, unbalanced }
}
