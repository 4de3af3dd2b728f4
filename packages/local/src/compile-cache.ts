import { join } from 'node:path'

/** For NODE_COMPILE_CACHE: compiled code of every process that is started from this checkout. */
export const compileCache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'compiled')
