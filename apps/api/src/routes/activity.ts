import {
  addNote as addRoute,
  clearActivity as clearRoute,
  countActivity as countRoute,
  exportActivity as exportRoute,
  listActivity as listRoute,
} from '@matic/contracts'
import { addNote, clearActivity, countActivity, exportActivity, listActivity } from '@matic/services/activity/index'
import { mount } from '../http/mount.ts'

export const activityRoutes = [
  mount(listRoute, async ({ ctx, actor, query }) => {
    const { lines, meta } = await listActivity({ db: ctx.db, input: { ...query, userId: actor.userId } })
    return { data: lines, meta }
  }),
  mount(countRoute, async ({ ctx, actor }) => ({ data: await countActivity({ db: ctx.db, input: { userId: actor.userId } }) })),
  mount(exportRoute, async ({ ctx, actor, query }) => ({
    data: await exportActivity({ db: ctx.db, input: { ...query, userId: actor.userId } }),
    fileName: 'activity.csv',
  })),
  mount(addRoute, async ({ ctx, actor, body }) => {
    await addNote({ ctx, input: { ...body, userId: actor.userId } })
    return { data: { added: true } }
  }),
  mount(clearRoute, async ({ ctx, actor }) => ({
    data: { cleared: await clearActivity({ db: ctx.db, input: { userId: actor.userId } }) },
  })),
]
