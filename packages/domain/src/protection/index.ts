export { protectionPrices, type ProtectionInput, type ProtectionPrices, type ProtectionWish } from './prices.ts'
