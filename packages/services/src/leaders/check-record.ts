import type { RecordVerdict } from '@matic/contracts'
import type { Db } from '@matic/db'
import { verifyRecord } from './verify-record.ts'
import { readStrategy, type AskedStrategy } from './visible-strategies.ts'

/** @throws AppError NOT_FOUND */
export async function checkRecord({ db, input }: { db: Db; input: AskedStrategy }): Promise<RecordVerdict> {
  const { strategyId } = await readStrategy(db, input)
  return verifyRecord({ db, input: { strategyId } })
}
