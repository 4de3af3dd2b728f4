import { recordFacts } from '@matic/db'
import type { ExchangeOrder } from '@matic/exchange/port'
import type { ExecutionContext } from './context.ts'
import { holdLanes } from './lane.ts'
import { recordOrders } from './record-order.ts'
import type { Send } from './write-ahead.ts'

export interface Answer {
  readonly send: Send
  readonly seen: ExchangeOrder
}

/** `lost`: the lane belongs to somebody else by now, and nothing was written. */
export type AnswerOutcome = 'recorded' | 'lost'

/** Writes down what the exchange answered to many accounts' orders, in one transaction. @returns in the order of the answers */
export async function recordAnswers(ctx: ExecutionContext, answers: readonly Answer[]): Promise<AnswerOutcome[]> {
  const { held, ids } = await ctx.db.transaction(async (tx) => {
    const lanes = new Set(answers.map(({ send }) => send.lane))
    const ours = new Set((await holdLanes(tx, ctx, [...lanes])).held)
    const facts = []
    for (const round of oneOfEach(answers.filter(({ send }) => ours.has(send.lane)))) {
      const inputs = round.map(({ send, seen }) => ({ lane: send.lane, orderId: send.order.id, seen, sentAtMs: send.attempt.createdAtMs }))
      for (const recorded of await recordOrders(tx, ctx, inputs)) facts.push(...recorded.facts)
    }
    return { held: ours, ids: await recordFacts(tx, facts) }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return answers.map(({ send }) => (held.has(send.lane) ? 'recorded' : 'lost'))
}

/** Rounds in which no account appears twice; what one account was answered stays in order. */
function oneOfEach(answers: readonly Answer[]): Answer[][] {
  const rounds: Answer[][] = []
  const seen = new Map<string, number>()
  for (const answer of answers) {
    const { accountId } = answer.send.lane
    const number = seen.get(accountId) ?? 0
    seen.set(accountId, number + 1)
    ;(rounds[number] ??= []).push(answer)
  }
  return rounds
}
