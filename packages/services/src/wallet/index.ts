export { getWallet } from './get-wallet.ts'
export { exportLedger, listLedger } from './list-ledger.ts'
