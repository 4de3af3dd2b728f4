import type { PageMeta, SignalLogEntry } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { findEntries, type EntryFilter } from './find-entries.ts'
import { readRejected } from './list-rejected.ts'
import { readSignals } from './read-signals.ts'

/** The signal log, newest first: signals with what became of each for this user, and deliveries that made none. */
export async function listSignals({
  db,
  input,
}: {
  db: Queryable
  input: EntryFilter & { page: number; limit: number }
}): Promise<{ entries: SignalLogEntry[]; meta: PageMeta }> {
  const { userId, page, limit } = input
  const { entries, total } = await findEntries({ db, input })
  const idsOf = (kind: SignalLogEntry['kind']) => entries.filter((entry) => entry.kind === kind).map(({ id }) => id)
  const found = await Promise.all([
    readSignals({ db, input: { userId, ids: idsOf('signal') } }),
    readRejected({ db, input: { userId, ids: idsOf('rejected') } }),
  ])
  const byId = new Map(found.flat().map((entry) => [entry.id, entry]))
  return { entries: entries.flatMap(({ id }) => byId.get(id) ?? []), meta: { page, limit, total } }
}
