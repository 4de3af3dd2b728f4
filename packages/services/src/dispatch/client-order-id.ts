import { createHmac, type KeyObject } from 'node:crypto'

/** Ours at any exchange: a letter and 25 base-36 digits. */
export const CLIENT_ORDER_ID = /^m[0-9a-z]{25}$/

/**
 * The id an order carries at the exchange, the same on every send of the same order: `m` and the first 128 bits of
 * HMAC-SHA256(key, order id) in base 36. 26 letters and digits fit every venue.
 * @param key 32 bytes that must stay the same while orders are open; a key object made once is much cheaper than the bytes each time
 */
export function clientOrderId(key: Uint8Array | KeyObject, orderId: string): string {
  const mac = createHmac('sha256', key).update(orderId).digest()
  const number = BigInt(`0x${mac.subarray(0, 16).toString('hex')}`)
  return `m${number.toString(36).padStart(25, '0')}`
}
