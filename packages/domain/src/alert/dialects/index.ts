import type { Refused } from '../fields.ts'
import { alertatron } from './alertatron.ts'
import { autoview } from './autoview.ts'
import { isDialect, type Dialect } from './dialect.ts'
import { octobot } from './octobot.ts'
import { okx } from './okx.ts'
import { oneAddress } from './one-address.ts'
import { threeCommas } from './three-commas.ts'
import { tradersPost } from './traders-post.ts'
import { tvHub } from './tv-hub.ts'
import { wunderTrading } from './wunder-trading.ts'

/** The first whose signature fits; the most particular come first. */
export const DIALECTS: readonly Dialect[] = [alertatron, threeCommas, okx, wunderTrading, octobot, autoview, tvHub, tradersPost, oneAddress]

/** Turns fields into the common ones. @returns the dialect's name, `undefined` for none, or a refusal */
export function translate(fields: Map<string, string>, form: 'json' | 'text'): string | undefined | Refused {
  const dialect = DIALECTS.find((one) => (one.form === 'any' || one.form === form) && isDialect(one, fields))
  return dialect?.translate(fields) ?? dialect?.name
}
