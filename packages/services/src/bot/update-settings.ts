import type { BotSettingsPatch } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { refuseProblems } from '../rules/refuse-problems.ts'
import { RULE_COLUMN } from '../rules/rule-columns.ts'
import { SETTINGS_COLUMNS, type SettingsRow } from './get-settings.ts'

type Field = keyof BotSettingsPatch

const COLUMNS: Readonly<Record<Field, string>> = { isEnabled: 'is_enabled', ...RULE_COLUMN }

/** Changes the rules that are named and no others. @throws AppError VALIDATION_FAILED when the result makes no sense */
export async function updateSettings({
  ctx,
  input,
}: {
  ctx: ServiceContext
  input: { userId: string; patch: BotSettingsPatch }
}): Promise<void> {
  const { userId, patch } = input
  const changes = Object.entries(patch).flatMap(([field, value]) =>
    isField(field) && value !== undefined
      ? [{ field, column: COLUMNS[field], value: field === 'targets' ? JSON.stringify(value) : value }]
      : [],
  )
  if (changes.length === 0) return

  const ids = await ctx.db.transaction(async (tx) => {
    await tx.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [userId])
    const assignments = changes.map(({ column }, index) => `${column} = $${index + 2}`)
    const [changed] = await tx.query<SettingsRow>(
      `UPDATE bot_settings AS s SET ${assignments.join(', ')}, version = s.version + 1, updated_at = clock_timestamp() WHERE s.user_id = $1 RETURNING ${SETTINGS_COLUMNS}`,
      [userId, ...changes.map(({ value }) => value)],
    )
    if (changed) refuseProblems(changed)
    const payload = { fields: changes.map(({ field }) => field), version: changed?.version ?? 0, isEnabled: changed?.isEnabled ?? null }
    return recordFacts(tx, [{ userId, kind: 'settings-changed', entity: 'settings', entityId: userId, payload }])
  })
  ctx.bus.publish('facts', { ids })
}

function isField(name: string): name is Field {
  return Object.hasOwn(COLUMNS, name)
}
