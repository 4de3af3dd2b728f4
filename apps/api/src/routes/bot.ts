import {
  getSettings as getSettingsRoute,
  globalKillSwitch,
  getWebhook,
  killSwitch,
  patchWebhook,
  revokePreviousToken,
  patchSettings,
  rotateWebhook as rotateRoute,
  testAlert,
  toggleBot,
  type BotSettingsView,
} from '@matic/contracts'
import {
  getSettings,
  readWebhook,
  revokePrevious,
  rotateWebhook,
  sendTestAlert,
  setGlobalKillSwitch,
  setUserKillSwitch,
  updateSettings,
  updateWebhook,
} from '@matic/services/bot/index'
import type { ApiContext } from '../context.ts'
import { mount } from '../http/mount.ts'

function settingsOf(ctx: ApiContext, userId: string): Promise<BotSettingsView> {
  return getSettings({ db: ctx.db, input: { userId, publicUrl: ctx.config.frontendUrl } })
}

function ownerOf(ctx: ApiContext, userId: string): { userId: string; publicUrl: string } {
  return { userId, publicUrl: ctx.config.frontendUrl }
}

export const botRoutes = [
  mount(getSettingsRoute, async ({ ctx, actor }) => ({ data: await settingsOf(ctx, actor.userId) })),

  mount(patchSettings, async ({ ctx, actor, body }) => {
    await updateSettings({ ctx, input: { userId: actor.userId, patch: body } })
    return { data: await settingsOf(ctx, actor.userId), message: 'Saved' }
  }),

  mount(toggleBot, async ({ ctx, actor, body }) => {
    await updateSettings({ ctx, input: { userId: actor.userId, patch: { isEnabled: body.enabled } } })
    return { data: await settingsOf(ctx, actor.userId), message: body.enabled ? 'The bot is on' : 'The bot is off; closes still run' }
  }),

  mount(rotateRoute, async ({ ctx, actor, req, body }) => {
    const overlapHours = body?.overlapHours ?? 0
    const owner = ownerOf(ctx, actor.userId)
    const rotated = await rotateWebhook({ ctx, input: { ...owner, ip: req.ip ?? null, overlapHours } })
    return { data: rotated, message: 'Copy the address now: it is not shown again' }
  }),

  mount(getWebhook, async ({ ctx, actor }) => ({ data: await readWebhook({ db: ctx.db, input: ownerOf(ctx, actor.userId) }) })),

  mount(patchWebhook, async ({ ctx, actor, body }) => {
    const { onlyTradingView, maxAgeSeconds, holdGaps } = body
    await updateWebhook({ ctx, input: { userId: actor.userId, patch: { onlyTradingView, maxAgeSeconds, holdGaps } } })
    return { data: await readWebhook({ db: ctx.db, input: ownerOf(ctx, actor.userId) }), message: 'Saved' }
  }),

  mount(revokePreviousToken, async ({ ctx, actor }) => {
    await revokePrevious({ ctx, input: { userId: actor.userId } })
    return { data: await readWebhook({ db: ctx.db, input: ownerOf(ctx, actor.userId) }), message: 'The old address is taken no more' }
  }),

  mount(testAlert, async ({ ctx, actor, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    return { data: await sendTestAlert({ ctx, input: { ...body, quantity: body.quantity, userId: actor.userId, requestId } }) }
  }),

  mount(killSwitch, async ({ ctx, actor, body, req }) => ({
    data: await setUserKillSwitch({ ctx, input: { ...body, reason: body.reason, actorId: actor.userId, ip: req.ip ?? null } }),
  })),

  mount(globalKillSwitch, async ({ ctx, actor, body, req }) => ({
    data: await setGlobalKillSwitch({ ctx, input: { ...body, reason: body.reason, actorId: actor.userId, ip: req.ip ?? null } }),
  })),
]
