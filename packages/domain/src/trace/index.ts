export { buildTimeline, type Moments } from './build-timeline.ts'
export { fillsByPlace, percentile, slippage, type PlaceGroup, type Slippage } from './compare-fills.ts'
