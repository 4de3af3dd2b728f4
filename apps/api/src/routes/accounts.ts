import {
  addApiKey as addRoute,
  addPaperAccount as addPaperRoute,
  deleteApiKey,
  getServerAddresses,
  listApiKeys as listRoute,
  renameApiKey,
  shareSymbols as shareRoute,
  toggleApiKey,
  validateApiKey,
} from '@matic/contracts'
import {
  addApiKey,
  addPaperAccount,
  deleteAccount,
  listApiKeys,
  renameAccount,
  requestCheck,
  shareSymbols,
  toggleAccount,
} from '@matic/services/accounts/index'
import { mount } from '../http/mount.ts'

const CHECKING = 'Stored; the check is still under way'

export const accountRoutes = [
  mount(listRoute, async ({ ctx, actor }) => {
    const data = await listApiKeys({ db: ctx.db, userId: actor.userId })
    return { data, meta: { page: 1, limit: data.length, total: data.length } }
  }),

  mount(addPaperRoute, async ({ ctx, actor, body, req }) => {
    const input = { userId: actor.userId, label: body?.label, depositUsdt: body?.depositUsdt, ip: req.ip ?? null }
    const { view, settled } = await addPaperAccount({ ctx, input })
    return settled ? { data: view, message: 'The paper account is open' } : { data: view, status: 202, message: CHECKING }
  }),

  mount(addRoute, async ({ ctx, actor, body, req }) => {
    const { exchange, environment, label, apiKey, secretKey, passphrase } = body
    const input = { userId: actor.userId, exchange, environment, label, apiKey, secretKey, passphrase, ip: req.ip ?? null }
    const { view, settled } = await addApiKey({ ctx, input })
    return settled ? { data: view, message: 'Connected' } : { data: view, status: 202, message: CHECKING }
  }),

  mount(validateApiKey, async ({ ctx, actor, params }) => {
    const { view, settled } = await requestCheck({ ctx, input: { userId: actor.userId, accountId: params.id } })
    return settled ? { data: view } : { data: view, status: 202, message: CHECKING }
  }),

  mount(toggleApiKey, async ({ ctx, actor, params, body, req }) => {
    const input = { userId: actor.userId, accountId: params.id, active: body.active, ip: req.ip ?? null }
    return { data: await toggleAccount({ ctx, input }), message: body.active ? 'Switched on' : 'Switched off; closes still run' }
  }),

  mount(shareRoute, async ({ ctx, actor, params, body, req }) => {
    const { sharedSymbols } = body
    const data = await shareSymbols({ ctx, input: { userId: actor.userId, accountId: params.id, sharedSymbols, ip: req.ip ?? null } })
    return { data, message: sharedSymbols === 'net' ? 'Each source holds a share of its own' : 'A symbol belongs to one source at a time' }
  }),

  mount(renameApiKey, async ({ ctx, actor, params, body, req }) => {
    const input = { userId: actor.userId, accountId: params.id, label: body.label, ip: req.ip ?? null }
    return { data: await renameAccount({ ctx, input }), message: 'Renamed' }
  }),

  mount(deleteApiKey, async ({ ctx, actor, params, req }) => {
    await deleteAccount({ ctx, input: { userId: actor.userId, accountId: params.id, ip: req.ip ?? null } })
    return { data: { id: params.id }, message: 'Disconnected; its key is destroyed' }
  }),

  mount(getServerAddresses, async ({ ctx }) => ({ data: { addresses: [...ctx.config.egressIps] } })),
]
