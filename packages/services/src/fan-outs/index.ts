export * from './breakers.ts'
export * from './judge-fan-outs.ts'
export * from './trip-breakers.ts'
