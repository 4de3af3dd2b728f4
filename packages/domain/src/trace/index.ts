export * from './build-timeline.ts'
