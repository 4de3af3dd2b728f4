import type { ServiceContext } from '../../context.ts'
import { closeLeftovers } from './close-leftovers.ts'
import { endWhenFlat } from './end-when-flat.ts'
import { endWithLeader } from './end-with-leader.ts'
import { learnBases } from './learn-bases.ts'
import { endDetachments, noteDetachments } from './note-detachments.ts'
import { stopAtLimits } from './stop-at-limits.ts'
import { tellTerms } from './tell-terms.ts'

interface Sweep {
  readonly ctx: ServiceContext
  readonly input: {
    /** When all of this was last done, epoch ms; undefined after a start. */
    readonly sinceMs: number | undefined
    /** Orders are on their way: what looks through every trade of late waits. */
    readonly pressingOnly?: boolean
  }
}

type Step = (sweep: Sweep) => Promise<number>

const PRESSING: readonly Step[] = [learnBases, stopAtLimits, endWithLeader, endWhenFlat, closeLeftovers, tellTerms]
const STEPS: readonly Step[] = [...PRESSING, noteDetachments, endDetachments]

/**
 * What becomes of follows by itself, as against what their followers and leaders do: limits reached, leaders gone, terms changed, markets detached, ends. Each step is
 * right whoever else does it at the same moment, and one that fails holds up no other.
 * @returns how much happened
 */
export async function sweepFollows(sweep: Sweep): Promise<number> {
  let happened = 0
  for (const step of sweep.input.pressingOnly ? PRESSING : STEPS) {
    try {
      happened += await step(sweep)
    } catch (err) {
      sweep.ctx.log.error({ err, step: step.name }, 'follows could not be swept')
    }
  }
  return happened
}
