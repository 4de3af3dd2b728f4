import { AccountFinding, type AccountProbe, type KeyStatus } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import { keyStatusAfter } from '@matic/domain'
import type { ExchangeBalance } from '@matic/exchange/port'
import { z } from 'zod'
import { claimIdentity, lockIdentity } from './claim-identity.ts'
import { UNKNOWN_PROBE } from './refused-key.ts'
import type { CheckContext, DueAccount, Outcome } from './check-accounts.ts'

/** A day; where nothing else reads the account, a quarter of an hour, so that its balance stays fresh. */
const NEXT_S = 86_400
const NEXT_UNTRADED_S = 900
/** After an exchange that could not be asked. */
const AGAIN_S = 300

interface Before {
  keyStatus: KeyStatus
  positionMode: 'ONE_WAY' | 'HEDGE'
  probe: AccountProbe | null
  findings: unknown
}

/** Writes down what the doctor found, what follows for the account, and answers whoever waits for it. */
export async function saveCheck({ ctx, account, outcome }: { ctx: CheckContext; account: DueAccount; outcome: Outcome }): Promise<void> {
  const identity = outcome.kind === 'examined' && outcome.keyStatus !== 'INVALID' ? outcome.identity : null
  const done = await ctx.db.transaction(async (tx) => {
    if (identity !== null) await lockIdentity(tx, identity)
    const [before] = await tx.query<Before>(
      `SELECT a.key_status AS "keyStatus", a.position_mode AS "positionMode", c.probe, c.findings
         FROM account a LEFT JOIN account_check c ON c.account_id = a.id WHERE a.id = $1 AND a.deleted_at IS NULL FOR UPDATE OF a`,
      [account.id],
    )
    const requestIds = await answerRequests(tx, account)
    if (!before) return { requestIds, factIds: [], changed: false }

    const known = { probe: before.probe ?? UNKNOWN_PROBE, findings: z.array(AccountFinding).catch([]).parse(before.findings) }
    const taken = identity === null ? undefined : await claimIdentity(tx, account, identity)
    const after = refusedBy(taken, judge(outcome, before, known), before)
    await tx.query(
      `INSERT INTO account_check (account_id, user_id, checked_at, probe, findings) VALUES ($1, $2, clock_timestamp(), $3, $4)
       ON CONFLICT (account_id) DO UPDATE SET checked_at = excluded.checked_at, probe = excluded.probe, findings = excluded.findings`,
      [account.id, account.userId, JSON.stringify(after.probe), JSON.stringify(after.findings)],
    )
    const positionMode = after.probe.positionMode ?? before.positionMode
    await tx.query(
      `UPDATE account SET key_status = $2, position_mode = $3,
              check_at = CASE WHEN check_at = 'epoch' THEN check_at ELSE clock_timestamp() + make_interval(secs => $4) END WHERE id = $1`,
      [account.id, after.keyStatus, positionMode, nextInS(outcome)],
    )
    if (after.keyStatus !== before.keyStatus)
      await tx.query('UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1', [account.id])
    if (outcome.kind === 'examined' && outcome.balance !== null) await saveBalance(tx, account, outcome.balance)

    const codes = after.findings.map(({ code }) => code)
    const changed = after.keyStatus !== before.keyStatus || positionMode !== before.positionMode
    const news = changed || codes.join() !== known.findings.map(({ code }) => code).join()
    const factIds = !news
      ? []
      : await recordFacts(tx, [
          {
            userId: account.userId,
            kind: 'account-changed',
            entity: 'account',
            entityId: account.id,
            payload: { keyStatus: after.keyStatus, positionMode, findings: codes },
          },
        ])
    return { requestIds, factIds, changed }
  })
  if (done.changed) {
    ctx.keys.forget(account.id)
    ctx.bus.publish('invalidate', { kind: 'account', ids: [account.id] })
  }
  if (done.requestIds.length > 0) ctx.bus.publish('answers', { ids: done.requestIds })
  if (done.factIds.length > 0) ctx.bus.publish('facts', { ids: done.factIds })
}

interface Judged {
  readonly probe: AccountProbe
  readonly findings: readonly AccountFinding[]
  readonly keyStatus: KeyStatus
}

/** A key may have been refused by an order meanwhile: only an examination makes an account valid. */
function judge(outcome: Outcome, before: Before, known: Pick<Judged, 'probe' | 'findings'>): Judged {
  switch (outcome.kind) {
    case 'examined':
      return outcome
    case 'refused':
      return { probe: known.probe, findings: [outcome.finding], keyStatus: 'INVALID' }
    case 'silent': {
      const others = known.findings.filter(({ code }) => code !== 'EXCHANGE_SILENT' && code !== 'KEY_UNREADABLE')
      return { probe: known.probe, findings: [...others, outcome.finding], keyStatus: before.keyStatus }
    }
  }
}

/** Somebody has the account already. */
function refusedBy(finding: AccountFinding | undefined, judged: Judged, before: Before): Judged {
  if (finding === undefined) return judged
  const findings = [finding, ...judged.findings]
  return { ...judged, findings, keyStatus: keyStatusAfter(before.keyStatus, findings) }
}

function nextInS(outcome: Outcome): number {
  if (outcome.kind === 'silent') return AGAIN_S
  return outcome.kind === 'examined' && !outcome.certified ? NEXT_UNTRADED_S : NEXT_S
}

async function answerRequests(tx: Transaction, { id, takenAt }: DueAccount): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `UPDATE exchange_request SET state = 'DONE', result = 'null', answered_at = clock_timestamp()
      WHERE account_id = $1 AND kind = 'CHECK_ACCOUNT' AND state = 'PENDING' AND created_at <= $2 RETURNING id`,
    [id, takenAt],
  )
  return rows.map((row) => row.id)
}

async function saveBalance(tx: Transaction, { id, userId }: DueAccount, balance: ExchangeBalance): Promise<void> {
  const { walletBalance, available, unrealizedPnl, equity, marginUsed } = balance
  await tx.query(
    `INSERT INTO account_state AS s (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, synced_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
     ON CONFLICT (account_id) DO UPDATE SET wallet_balance = excluded.wallet_balance, available = excluded.available, unrealized_pnl = excluded.unrealized_pnl,
       equity = excluded.equity, margin_used = excluded.margin_used, version = s.version + 1, synced_at = excluded.synced_at`,
    [id, userId, walletBalance, available, unrealizedPnl, equity, marginUsed],
  )
}
