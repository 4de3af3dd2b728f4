export { createStreamHolder, type StreamHolder } from './stream-holder.ts'
