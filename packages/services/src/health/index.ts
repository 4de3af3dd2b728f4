export { createReadinessReader, type ReadinessReader } from './read-readiness.ts'
export { readFigures, type Figures } from './read-figures.ts'
