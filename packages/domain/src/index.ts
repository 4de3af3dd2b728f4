export * from './position/index.ts'
export * from './protection/index.ts'
export * from './trade/index.ts'
