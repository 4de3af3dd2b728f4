import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVenue, type Venue, type VenueOptions } from '../venue.ts'
import { adminToken, createWireClient, type WireClient } from './wire-client.ts'

export interface TestVenue extends AsyncDisposable {
  readonly venue: Venue
  readonly client: WireClient
  readonly dataDir: string
  /** Moves the exchange's clock on. */
  wait(ms: number): void
}

/** A venue of its own on a free port; its clock runs by itself and can be pushed forward. */
export async function startTestVenue(options: Partial<VenueOptions> = {}): Promise<TestVenue> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'venue-test-'))
  let ahead = 0
  const clock = (): number => Date.now() + ahead
  const problems: string[] = []
  const venue = await createVenue({ port: 0, dataDir, seed: 7, adminToken, clock, say: (line) => problems.push(line), ...options })
  return {
    venue,
    client: createWireClient(venue.url, clock),
    dataDir,
    wait(ms) {
      ahead += ms
    },
    async [Symbol.asyncDispose]() {
      await venue.close()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
      if (problems.length > 0) throw new Error(problems.join('\n'))
    },
  }
}
