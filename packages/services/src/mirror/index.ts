export { beginMirror, isWatched, nextReading, readMirrorNow } from './mirrored.ts'
export { tellChanges } from './tell-changes.ts'
export { legsToTell } from './tell-protection.ts'
