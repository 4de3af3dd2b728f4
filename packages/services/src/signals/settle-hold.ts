import { Alert, AppError } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { holdFact, SETTLED } from '../dispatch/save-chains.ts'
import { repeatSignals } from './repeat-signals.ts'

interface Input {
  readonly userId: string
  /** The held one. */
  readonly signalId: string
  readonly action: 'carry-out' | 'drop'
  readonly requestId: string | null
}

/**
 * The owner's word about a held signal: carried out now, as young as this word, or dropped for good.
 * @throws AppError NOT_FOUND where nothing was held; CONFLICT once it is settled, or asked for already
 */
export async function settleHold({ ctx, input }: { ctx: ServiceContext; input: Input }): Promise<{ signalId: string | null }> {
  const { signalId, factIds } = await ctx.db.transaction(async (tx) => {
    const [hold] = await tx.query<
      Parameters<typeof holdFact>[0] & { state: string; releaseId: string | null; sourceId: string; alert: unknown }
    >(
      `SELECT ${SETTLED}, h.state, h.release_id AS "releaseId", h.source_id AS "sourceId", s.alert
         FROM signal_hold h JOIN signal s ON s.id = h.signal_id WHERE h.signal_id = $1 AND h.user_id = $2 FOR UPDATE OF h`,
      [input.signalId, input.userId],
    )
    if (hold === undefined) throw new AppError('NOT_FOUND', 'This signal was not held')
    if (!['HELD', 'EXPIRED'].includes(hold.state)) throw new AppError('CONFLICT', SETTLED_WORDS[hold.state] ?? 'It was settled already.')
    if (hold.releaseId !== null) throw new AppError('CONFLICT', 'It is being carried out already.')
    const { signalId: originId, userId, ticker, missingFrom, missingTo } = hold
    if (input.action === 'drop') {
      await tx.query(`UPDATE signal_hold SET state = 'DROPPED', settled_at = clock_timestamp() WHERE signal_id = $1`, [originId])
      const fact = holdFact({ signalId: originId, userId, ticker, missingFrom, missingTo }, { state: 'DROPPED' })
      return { signalId: null, factIds: await recordFacts(tx, [fact]) }
    }
    const id = ctx.newId()
    const alert = { ...Alert.parse(hold.alert), originId, alertAtMs: null, idempotencyKey: null }
    const receivedAt = new Date(ctx.clock.now())
    await repeatSignals(tx, [
      { id, originId, userId, source: 'RELEASE', sourceId: hold.sourceId, receivedAt, alert, requestId: input.requestId },
    ])
    await tx.query('UPDATE signal_hold SET release_id = $2 WHERE signal_id = $1', [originId, id])
    return { signalId: id, factIds: [] }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  if (signalId !== null) ctx.doorbell.ring('dispatch')
  return { signalId }
}

const SETTLED_WORDS: Readonly<Record<string, string>> = {
  RELEASED: 'It was carried out already.',
  PASSED: 'The sender has moved on since, so it cannot be carried out any more.',
  DROPPED: 'It was dropped already.',
}
