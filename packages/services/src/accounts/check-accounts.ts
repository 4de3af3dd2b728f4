import { EXCHANGE_NAMES, type AccountFinding, type AccountProbe, type KeyStatus } from '@matic/contracts'
import { diagnose, findingOfRefusal, findingOfSilence, findingOfUnreadable, keyStatusAfter } from '@matic/domain'
import type { ExchangeBalance, ExchangeFailure, ExchangePort, ExchangeResult, Turns } from '@matic/exchange/port'
import type { AccountKeys } from '../execution/context.ts'
import type { ServiceContext } from '../context.ts'
import { exchangeIdentity } from './claim-identity.ts'
import { saveCheck } from './save-check.ts'

export interface CheckContext extends ServiceContext {
  readonly exchanges: ReadonlyMap<string, ExchangePort>
  readonly keys: AccountKeys
}

/** An account that is due, as it stood when it was taken. */
export interface DueAccount {
  readonly id: string
  readonly userId: string
  readonly exchange: keyof typeof EXCHANGE_NAMES
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly keyStatus: KeyStatus
  readonly wantedMarginMode: 'cross' | 'isolated'
  /** Requests older than this are answered by this check. */
  readonly takenAt: Date
}

/** What came of asking the exchange. */
export type Outcome =
  | {
      readonly kind: 'examined'
      readonly probe: AccountProbe
      readonly findings: readonly AccountFinding[]
      readonly keyStatus: KeyStatus
      readonly certified: boolean
      /** Whose account it is at the exchange; null where that is not told. */
      readonly identity: Buffer | null
      /** Of an exchange on which nothing is traded, so that nobody else reads it. */
      readonly balance: ExchangeBalance | null
    }
  /** The exchange does not take the key. */
  | { readonly kind: 'refused'; readonly finding: AccountFinding }
  /** It could not be asked: nothing that was known changes. */
  | { readonly kind: 'silent'; readonly finding: AccountFinding }

const BATCH = 10
/** Whoever dies while looking leaves the account to others after this. */
const LEFT_ALONE_S = 60
/** Requests of one look, more or less. */
const PROBE = 7
/** So much later, s, where the exchange may not be asked so much now and nobody waits for the answer. */
const PUT_OFF_S = 10

/**
 * The account doctor's round: looks at each account that is due (just added, asked for, or a day old) and writes down what it found.
 * @returns how many were looked at
 */
export async function checkAccounts(ctx: CheckContext): Promise<number> {
  const due = await ctx.db.query<DueAccount>(
    `WITH picked AS (
       SELECT id FROM account
        WHERE check_at <= clock_timestamp() AND deleted_at IS NULL AND NOT (exchange = 'PAPER' AND key_status = 'OPENING')
        ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED)
     UPDATE account a SET check_at = clock_timestamp() + make_interval(secs => $2) FROM picked WHERE a.id = picked.id
     RETURNING a.id, a.user_id AS "userId", a.exchange, a.environment, a.key_status AS "keyStatus", clock_timestamp() AS "takenAt",
               coalesce((SELECT overrides->>'marginMode' FROM account_rules r WHERE r.account_id = a.id), (SELECT margin_mode FROM bot_settings b WHERE b.user_id = a.user_id), 'cross') AS "wantedMarginMode"`,
    [BATCH, LEFT_ALONE_S],
  )
  const looked = await Promise.all(due.map((account) => checkOne(ctx, account)))
  return looked.filter(Boolean).length
}

/** @returns false where the exchange may not be asked so much now */
async function checkOne(ctx: CheckContext, account: DueAccount): Promise<boolean> {
  const budget = portOf(ctx, account)?.budget
  // One that trades already is looked at when others leave room for it.
  const turns = account.keyStatus === 'VALID' ? budget?.takeTurns('patient', PROBE) : undefined
  if (account.keyStatus === 'VALID' && budget && !turns) {
    await ctx.db.query(`UPDATE account SET check_at = least(check_at, clock_timestamp() + make_interval(secs => $2)) WHERE id = $1`, [
      account.id,
      PUT_OFF_S,
    ])
    return false
  }
  try {
    // A key that was refused before may have been mended at the exchange.
    if (account.keyStatus === 'INVALID') ctx.keys.forget(account.id)
    await saveCheck({ ctx, account, outcome: await examine(ctx, account, turns) })
  } catch (err) {
    ctx.log.error({ err, accountId: account.id }, 'an account could not be checked')
  } finally {
    turns?.giveBack()
  }
  return true
}

function portOf({ exchanges }: CheckContext, { environment, exchange }: DueAccount): ExchangePort | undefined {
  return exchanges.get(environment === 'DEMO' ? `${exchange}-DEMO` : exchange)
}

async function examine(ctx: CheckContext, account: DueAccount, turns: Turns | undefined): Promise<Outcome> {
  const exchangeName = EXCHANGE_NAMES[account.exchange]
  const port = portOf(ctx, account)
  if (!port) return { kind: 'silent', finding: findingOfSilence({ exchangeName, code: 'not connected' }) }
  const handle = await ctx.keys.open(account.id).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'SealingError') return error
    throw error
  })
  if (handle instanceof Error) {
    ctx.log.error({ err: handle, accountId: account.id }, 'a stored key does not open')
    return { kind: 'silent', finding: findingOfUnreadable() }
  }
  if (!handle) {
    const finding = findingOfRefusal({ exchange: account.exchange, exchangeName, code: 'no key', text: 'no key is stored' })
    return { kind: 'refused', finding }
  }

  const probed = await port.probeAccount({ ...handle, turns })
  if (!probed.ok) return outcomeOf(account, probed.failure)
  const { certified } = port.capabilities
  const balance: ExchangeResult<ExchangeBalance> | null = certified ? null : await port.fetchBalance(handle)
  const { uid, ...probe } = probed.value
  const findings = diagnose({ ...account, exchangeName, certified, probe, nowMs: ctx.clock.now() })
  return {
    kind: 'examined',
    probe,
    identity: exchangeIdentity({ ...account, uid }),
    findings,
    keyStatus: keyStatusAfter(account.keyStatus, findings),
    certified,
    balance: balance?.ok === true ? balance.value : null,
  }
}

function outcomeOf({ exchange }: DueAccount, { verdict, code, text }: ExchangeFailure): Outcome {
  const exchangeName = EXCHANGE_NAMES[exchange]
  if (verdict === 'AUTH') return { kind: 'refused', finding: findingOfRefusal({ exchange, exchangeName, code, text }) }
  return { kind: 'silent', finding: findingOfSilence({ exchangeName, code }) }
}
