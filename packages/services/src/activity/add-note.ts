import type { ActivityLevel } from '@matic/contracts'
import { personFact, recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'

/** A line that a person writes into the own log. */
export async function addNote({
  ctx,
  input,
}: {
  ctx: Pick<ServiceContext, 'db' | 'bus'>
  input: { userId: string; level: ActivityLevel; text: string }
}): Promise<void> {
  const { userId, level } = input
  // jsonb refuses NUL characters.
  const text = input.text.replaceAll('\u0000', '\ufffd')
  const ids = await ctx.db.transaction((tx) => recordFacts(tx, [personFact(userId, 'note-added', { level, text })]))
  ctx.bus.publish('facts', { ids })
}
