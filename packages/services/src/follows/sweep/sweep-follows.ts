import type { ServiceContext } from '../../context.ts'
import { closeLeftovers } from './close-leftovers.ts'
import { endWhenFlat } from './end-when-flat.ts'
import { endWithLeader } from './end-with-leader.ts'
import { learnBases } from './learn-bases.ts'
import { endDetachments, noteDetachments } from './note-detachments.ts'
import { stopAtLimits } from './stop-at-limits.ts'

/**
 * What becomes of follows by itself, as against what their followers and leaders do: limits reached, leaders gone, markets detached, ends. Each step is
 * right whoever else does it at the same moment.
 * @param input.sinceMs when this was last done, epoch ms; undefined after a start
 * @returns how much happened
 */
export async function sweepFollows({ ctx, input }: { ctx: ServiceContext; input: { sinceMs: number | undefined } }): Promise<number> {
  let happened = await learnBases({ ctx })
  happened += await stopAtLimits({ ctx })
  happened += await endWithLeader({ ctx })
  happened += await endWhenFlat({ ctx })
  happened += await closeLeftovers({ ctx })
  happened += await noteDetachments({ ctx, input })
  happened += await endDetachments({ ctx })
  return happened
}
