import type { Command, Outcome } from './commands.ts'
import { forgetBands } from './fills.ts'
import { fixed } from './fixed.ts'
import { post } from './ledger.ts'
import { tellAccount } from './news.ts'
import type { Account, VenueState } from './state.ts'

type Of<T extends Command['type']> = Extract<Command, { type: T }>

const OPENING = 'opening'

/** The same reference again changes nothing: it answers the account that is there. */
export function openAccount(state: VenueState, command: Of<'open-account'>): Outcome {
  if (state.accounts.has(command.ref)) return { changed: false }
  const account = createAccount({ ...command, index: state.accounts.size, createdAt: command.at })
  state.accounts.set(account.ref, account)
  state.byApiKey.set(account.apiKey, account)
  transfer(state, account, { id: OPENING, amount: command.depositUsdt, at: command.at })
  return { changed: true }
}

export function deposit(state: VenueState, account: Account, command: Of<'deposit'>): Outcome {
  if (account.transfers.has(command.id)) return { changed: false }
  transfer(state, account, command)
  return { changed: true }
}

export function revoke(account: Account): Outcome {
  if (account.revoked) return { changed: false }
  account.revoked = true
  return { changed: true }
}

export function createAccount(given: { ref: string; index: number; apiKey: string; secret: string; createdAt: number }): Account {
  return {
    ref: given.ref,
    index: given.index,
    apiKey: given.apiKey,
    secret: given.secret,
    createdAt: given.createdAt,
    revoked: false,
    hedgeMode: false,
    wallet: 0n,
    updatedAt: given.createdAt,
    transfers: new Set(),
    settings: new Map(),
    positions: new Map(),
    orders: new Map(),
    algos: new Map(),
    trades: [],
    incomes: [],
    openOrders: new Map(),
    openAlgos: new Map(),
    byClientId: new Map(),
    byClientAlgoId: new Map(),
  }
}

function transfer(state: VenueState, account: Account, { id, amount, at }: { id: string; amount: string; at: number }): void {
  account.transfers.add(id)
  post(state, account, { type: 'TRANSFER', amount: fixed(amount), symbol: '', tradeId: 0, at })
  tellAccount(state, account, { reason: 'DEPOSIT', change: fixed(amount), positions: [], at })
  forgetBands(account)
}
