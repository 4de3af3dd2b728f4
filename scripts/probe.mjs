// `node scripts/probe.mjs http://127.0.0.1:3001/api/health/ready`: exit 0 when the address answers 2xx. For health checks in images,
// which have no curl.
import process from 'node:process'

const [url] = process.argv.slice(2)
if (url === undefined) throw new Error('Which address?')

try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000), redirect: 'manual' })
  if (!response.ok) process.stdout.write(`${response.status} ${(await response.text()).slice(0, 500)}\n`)
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${error.cause?.message ?? error.message}\n`)
  process.exitCode = 1
}
