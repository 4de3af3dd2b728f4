import { recordFacts } from '@matic/db'
import type { ExchangeOrder } from '@matic/exchange/port'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import { holdLanes } from './lane.ts'
import { recordOrders } from './record-order.ts'

export interface Answer {
  readonly lane: HeldLane
  readonly orderId: string
  readonly seen: ExchangeOrder
  /** Database ms when the answered request was written ahead; null where nothing was sent that could fill. */
  readonly sentAtMs: number | null
  /** The rest of a fan-out waits for it. */
  readonly isCanary: boolean
}

/** `lost`: the lane belongs to somebody else by now, and nothing was written. */
export type AnswerOutcome = 'recorded' | 'lost'

/** Writes down what the exchange says of many accounts' orders, in one transaction. @returns in the order of the answers */
export async function recordAnswers(ctx: ExecutionContext, answers: readonly Answer[]): Promise<AnswerOutcome[]> {
  const { held, ids } = await ctx.db.transaction(async (tx) => {
    const lanes = new Set(answers.map(({ lane }) => lane))
    const ours = new Set((await holdLanes(tx, ctx, [...lanes])).held)
    const facts = []
    for (const round of oneOfEach(answers.filter(({ lane }) => ours.has(lane)))) {
      for (const recorded of await recordOrders(tx, ctx, round)) facts.push(...recorded.facts)
    }
    return { held: ours, ids: await recordFacts(tx, facts) }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return answers.map(({ lane }) => (held.has(lane) ? 'recorded' : 'lost'))
}

/** Rounds in which no account appears twice; what one account was answered stays in order. */
function oneOfEach(answers: readonly Answer[]): Answer[][] {
  const rounds: Answer[][] = []
  const seen = new Map<string, number>()
  for (const answer of answers) {
    const { accountId } = answer.lane
    const number = seen.get(accountId) ?? 0
    seen.set(accountId, number + 1)
    ;(rounds[number] ??= []).push(answer)
  }
  return rounds
}
