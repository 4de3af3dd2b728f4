import type { ExchangeCapabilities } from '../port.ts'

export function binanceCapabilities(certified: boolean): ExchangeCapabilities {
  return {
    certified,
    attachedProtection: false,
    userStream: certified,
    closePositionTriggers: true,
    reduceOnlyInHedgeMode: false,
    trailing: 'percent',
    clientOrderIdUniqueness: 'open-orders',
    clientOrderIdMaxLength: 36,
    maxRecvWindowMs: 60_000,
    takerFeeFraction: '0.0005',
    makerFeeFraction: '0.0002',
  }
}
