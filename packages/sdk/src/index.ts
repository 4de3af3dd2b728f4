export { ApiError, isApiError, type ApiErrorCode } from './api-error.ts'
export { createClient, type Answer, type Client, type ClientOptions } from './client.ts'
export { connectPrices, connectUser, type LiveState, type PricesSocket, type UserSocket } from './live.ts'
