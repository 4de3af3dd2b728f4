export { sizeOrder, type Sized, type SizeInput } from './size-order.ts'
export { chooseLeverage } from './choose-leverage.ts'
