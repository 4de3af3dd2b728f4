import { AppError, devInbox } from '@matic/contracts'
import { readInbox } from '@matic/services/mail/index'
import { mountPublic } from '../http/mount.ts'

export const devRoutes = [
  mountPublic(devInbox, async ({ ctx, query }) => {
    if (!ctx.config.hasDevInbox) throw new AppError('NOT_FOUND', 'There is nothing at this address')
    return { data: await readInbox({ db: ctx.db, input: { to: query?.to, frontendUrl: ctx.config.frontendUrl } }) }
  }),
]
