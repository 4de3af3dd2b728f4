import { randomUUID } from 'node:crypto'
import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import type { Desk, Person } from './desk.ts'

export interface TestStrategy {
  readonly id: string
  readonly of: Person
}

/** A public strategy that copies what comes in at the person's webhook. */
export async function offerStrategy(desk: Desk, of: Person): Promise<TestStrategy> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, visibility, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'PUBLIC', 'WEBHOOK', $4)`,
    [id, of.userId, of.accountId, of.webhookId],
  )
  return { id, of }
}

/** Since a second ago. */
export async function followStrategy(
  desk: Desk,
  strategy: TestStrategy,
  by: Person,
  settings: FollowSettingsInput,
): Promise<{ followId: string; routeId: string }> {
  const [followId, routeId] = [randomUUID(), randomUUID()]
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 second')`,
    [followId, by.userId, strategy.id, by.accountId, routeId, JSON.stringify(FollowSettings.parse(settings))],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [routeId, by.userId, strategy.of.webhookId, by.accountId, followId],
  )
  return { followId, routeId }
}
