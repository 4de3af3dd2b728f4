export { applyFill, type FillAmount, type FillEffect, type NetPosition } from './apply-fill.ts'
export { reduceQuantity, type ReduceInput } from './reduce-quantity.ts'
