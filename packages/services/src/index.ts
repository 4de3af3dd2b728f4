export type { ServiceContext } from './context.ts'
