import { portIsTaken, type AppPorts } from '@matic/local'
import type { Environment } from '../lib/environment.ts'
import { fail } from '../lib/say.ts'

const names = { web: 'WEB_PORT', api: 'PORT', venue: 'VENUE_PORT' } as const
const standard: AppPorts = { web: 3000, api: 3001, venue: 3002 }

export function readPorts(env: Environment): AppPorts {
  const read = (part: keyof AppPorts): number => {
    const text = env[names[part]]
    if (text === undefined) return standard[part]
    const port = Number(text)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`${names[part]}=${text} is no port.`, 'Choose a number from 1 to 65535.')
    return port
  }
  const ports = { web: read('web'), api: read('api'), venue: read('venue') }
  if (new Set(Object.values(ports)).size < 3)
    fail('WEB_PORT, PORT and VENUE_PORT must differ.', `They are ${ports.web}, ${ports.api} and ${ports.venue}.`)
  return ports
}

export async function refuseTakenPorts(ports: AppPorts): Promise<void> {
  const parts = ['web', 'api', 'venue'] as const
  for (const part of parts) {
    const port = ports[part]
    if (!(await portIsTaken(port)) && !(await portIsTaken(port, '0.0.0.0'))) continue
    fail(
      `Port ${port}, wanted by ${part}, is taken.`,
      `Stop the program that uses it, or choose others: ${parts.map((other) => `${names[other]}=${standard[other] + 100}`).join(' ')} npm start`,
    )
  }
}
