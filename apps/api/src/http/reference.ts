import { createOpenApi, type OpenApiDocument } from '@matic/contracts'
import { Router } from 'express'

const VERSION = '0.1.0'

/** The API reference for programs; people read it at /docs of the dashboard. */
export function createReference(): Router {
  let document: OpenApiDocument | undefined
  const router = Router()
  router.get('/api/openapi.json', (_req, res) => {
    document ??= createOpenApi(VERSION)
    res.setHeader('cache-control', 'public, max-age=300')
    res.json(document)
  })
  return router
}
