import { AppError, BLANK_ALERT, type CopyabilityView, type FollowSettings } from '@matic/contracts'
import type { Db } from '@matic/db'
import { balanceWindow, copyability, copyAlone, minimumBalance, opens, type BalanceWindow, type Copier, type Opening } from '@matic/domain'
import { plain } from '../plain.ts'
import { asIfReceived } from '../signals/as-if-received.ts'
import { readOffered } from './offered-strategy.ts'
import { loadTicks, planView, type Ticks } from './plan-view.ts'
import { readCopier } from './read-copier.ts'
import { readOpenings } from './read-openings.ts'

interface Context {
  readonly db: Db
  readonly newId: () => string
}

interface Input {
  readonly userId: string
  readonly strategyId: string
  readonly accountId: string | undefined
  readonly equity: string | undefined
  readonly settings: FollowSettings
  readonly inviteCode: string | undefined
}

const OPENINGS = 100
/** Of 100 of what any balance could copy. */
const SHARE = 95

/** @throws AppError NOT_FOUND, ACCOUNT_NOT_FOUND; FOLLOW_REFUSED while it is not offered; CONFLICT where the account has not been read yet */
export async function getCopyability({ ctx, input }: { ctx: Context; input: Input }): Promise<CopyabilityView> {
  const { userId, strategyId, accountId, settings } = input
  const { read, openings, ticks } = await ctx.db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    const strategy = await readOffered(tx, { userId, strategyId, inviteCode: input.inviteCode })
    const signal = await asIfReceived(tx, { id: ctx.newId(), userId, source: 'MANUAL', sourceId: strategy.sourceId, alert: BLANK_ALERT })
    if (signal === undefined) throw new AppError('NOT_FOUND', 'There is no such person')
    const copier = await readCopier(tx, { userId, accountId, settings, strategy, signal })
    const { markets, account } = copier.copier
    return {
      read: copier,
      openings: await readOpenings(tx, { strategy, markets, limit: OPENINGS }),
      ticks: await loadTicks(tx, [account.exchange]),
    }
  })
  const equity = input.equity ?? read.equity
  if (equity === null) throw new AppError('CONFLICT', 'The account has not been read from its exchange yet; name an equity')
  const { copier } = read
  const windows: BalanceWindow[] = []
  for (const opening of openings) {
    const window = balanceWindow(opening, copier)
    if (window !== null) windows.push(window)
    // Others are answered in between.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { atMost, balanceQuote } = minimumBalance(windows, (balance) => copyability(openings, copier, String(balance)).copyable, SHARE)
  return {
    equityQuote: plain(equity),
    ...copied(openings, copier, equity),
    atMost,
    sharePercent: SHARE,
    minimumBalanceQuote: balanceQuote === null ? null : String(balanceQuote),
    from: at(openings.at(-1)),
    to: at(openings[0]),
    example: exampleOf(openings, copier, equity, ticks),
  }
}

function copied(openings: readonly Opening[], copier: Copier, equity: string) {
  const { byReason, ...figures } = copyability(openings, copier, equity)
  return { ...figures, byReason: [...byReason] }
}

function exampleOf(openings: readonly Opening[], copier: Copier, equity: string, ticks: Ticks): CopyabilityView['example'] {
  const decided = openings.map((opening) => ({ opening, decision: copyAlone(opening, copier, equity) }))
  const shown = decided.find(({ decision }) => opens(decision)) ?? decided[0]
  if (shown === undefined) return null
  const { opening, decision } = shown
  return {
    at: new Date(opening.atMs).toISOString(),
    side: opening.side,
    leaderQuantityBase: opening.leaderBase,
    plan: planView(decision, ticks.get(`${copier.account.exchange} ${decision.symbol}`)),
  }
}

function at(opening: Opening | undefined): string | null {
  return opening === undefined ? null : new Date(opening.atMs).toISOString()
}
