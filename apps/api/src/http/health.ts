import { Router } from 'express'
import type { ApiContext } from '../context.ts'

/**
 * Bare answers outside the envelope, as monitors expect them. live: this process runs. ready: it can store alerts; what is missing behind
 * the door is said, but takes no api out of service, as alerts are better stored late than refused.
 */
export function createHealth(ctx: ApiContext): Router {
  const router = Router()
  const alive = () => ({ status: 'ok' as const, timestamp: new Date(ctx.clock.now()).toISOString() })

  for (const path of ['/health', '/api/health', '/api/health/live', '/webhook/health', '/api/webhook/health'])
    router.get(path, (_req, res) => void res.json(alive()))
  router.get('/api/health/ready', async (_req, res) => {
    const readiness = await ctx.readiness.read()
    res.status(readiness.status === 'unavailable' ? 503 : 200).json(readiness)
  })
  return router
}
