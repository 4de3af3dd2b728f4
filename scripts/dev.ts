import { up } from './platform/up.ts'

await up({ watch: true })
