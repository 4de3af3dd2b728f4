import { keepCompiledCode } from '@matic/platform/compile-cache'
import { readVenueEnv } from '@matic/platform/env'
import { waitForShutdownSignal } from '@matic/platform/lifecycle'
import { createVenue } from './venue.ts'

const { config, secrets } = readVenueEnv()
const stopping = waitForShutdownSignal()
const venue = await createVenue({
  port: config.port,
  host: config.host,
  dataDir: config.dataDir,
  seed: config.seed,
  adminToken: secrets.venueAdminToken.reveal(),
  clock: () => Date.now() + config.timeOffsetMs,
  say: (line) => process.stderr.write(`${line}\n`),
  onFailure: (error) => {
    process.stderr.write(`venue: the journal cannot be written, so nothing more is accepted: ${String(error)}\n`)
    process.exit(1)
  },
})
process.stdout.write(`venue ready on ${venue.url}\n`)
keepCompiledCode()

await stopping
await venue.close()
