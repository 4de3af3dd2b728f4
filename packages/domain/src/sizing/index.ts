export { sizeOrder, type Sized, type SizeInput } from './size-order.ts'
