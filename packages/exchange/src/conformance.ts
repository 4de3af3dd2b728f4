import { accountCases } from './conformance/account.ts'
import type { ConformanceCase } from './conformance/kit.ts'
import { marketCases } from './conformance/markets.ts'
import { orderCases } from './conformance/orders.ts'
import { triggerCases } from './conformance/triggers.ts'

export type { ConformanceCase, ConformanceRig } from './conformance/kit.ts'

/**
 * What an adapter must do at its exchange before anybody may trade through it. Each case wants a rig of its own account and throws
 * where the exchange or the adapter differs from what execution relies on.
 */
export const conformanceCases: readonly ConformanceCase[] = [...marketCases, ...orderCases, ...triggerCases, ...accountCases]
