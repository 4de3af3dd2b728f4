/** Advisory lock, by account: held while a decision reads what the account holds and writes what it orders. */
export const ACCOUNT_LOCK = 7_302
