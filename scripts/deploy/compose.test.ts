import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { envFields, type EnvProcess } from '@matic/platform'
import { describe, expect, it } from 'vitest'
import { root } from '../lib/environment.ts'
import { namesInCompose, readCompose } from './compose.ts'
import { readDockerfile } from './dockerfile.ts'

const filled = Object.fromEntries(namesInCompose(root).map((name) => [name, `the-${name.toLowerCase()}`]))
const { services, networks, volumes } = readCompose(root, filled)
const every = Object.entries(services)
const ours = ['api', 'worker', 'web', 'venue'] as const satisfies readonly EnvProcess[]
/** Given another way in a container, or for development and tests alone. */
const fixedInContainers = [
  'DEBUG',
  'LOG_LEVEL',
  'MATIC_DATA_DIR',
  'REDIS_URL',
  'SABOTAGE',
  'TIMINGS_SCALE',
  'VENUE_TIME_OFFSET_MS',
  'WEB_PORT',
]
const dockerfiles = ['Dockerfile.backend', 'Dockerfile.worker', 'Dockerfile.frontend']

describe('docker-compose.yml', () => {
  it('has the whole platform in it', () => {
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['postgres', 'redis', 'api', 'worker', 'web', 'venue', 'nginx']))
  })

  it.each(every)('keeps %s small: no root, nothing writable, no capability, no way to get more', (_name, service) => {
    expect(service.user?.split(':')[0]).toMatch(/^(?:[1-9]\d*|node|nobody)$/)
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.cap_add).toEqual([])
    expect(service.security_opt).toContain('no-new-privileges:true')
    expect(service.privileged).toBe(false)
    expect(service.volumes.filter((volume) => volume.includes('docker.sock'))).toEqual([])
  })

  it.each(every.filter(([, { restart }]) => restart !== 'no'))('watches the health of %s', (_name, service) => {
    expect(service.healthcheck?.test?.[0]).toBe('CMD')
  })

  it('opens 80 and 443 to the world and nothing else; databases have no way in or out', () => {
    const published = every.flatMap(([name, { ports }]) =>
      ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => [name, port]),
    )
    expect(published).toEqual([
      ['nginx', '80:80'],
      ['nginx', '443:443'],
    ])
    expect(networks['inside']?.internal).toBe(true)
    for (const name of ['postgres', 'redis', 'venue', 'api']) expect([name, services[name]?.networks]).toEqual([name, ['inside']])
  })

  it.each(ours)('gives %s every name it cannot start without, and secrets of no other process', (name) => {
    const given = Object.keys(services[name]?.environment ?? {})
    const fields = envFields()
    const needed = fields.filter(({ required, processes }) => required && processes.includes(name)).map((field) => field.name)
    expect(given).toEqual(expect.arrayContaining(needed))
    const foreign = fields
      .filter(({ secret, required, processes }) => (secret || required) && !processes.includes(name))
      .map((field) => field.name)
    expect(given.filter((each) => foreign.includes(each))).toEqual([])
  })

  it.each(ours)('lets the operator set everything of %s that is theirs to set', (name) => {
    const given = Object.keys(services[name]?.environment ?? {})
    const left = envFields().filter(({ processes, name: field }) => processes.includes(name) && !given.includes(field))
    expect(left.map((field) => field.name).filter((field) => !fixedInContainers.includes(field))).toEqual([])
  })

  it('asks for names that .env.example explains', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8')
    for (const name of namesInCompose(root)) expect(example).toMatch(new RegExp(`^(?:# )?${name}=`, 'm'))
  })

  it('refuses to start with a secret that is missing', () => {
    expect(() => readCompose(root, { ...filled, ENCRYPTION_KEY: '' })).toThrow('ENCRYPTION_KEY: set it in .env')
  })

  it('mounts files and volumes that exist', () => {
    for (const [name, service] of every) {
      for (const volume of service.volumes) {
        const [source = ''] = volume.split(':')
        // Made by the operator: certificates.
        if (['./certs', './certbot'].includes(source)) continue
        const known = source.startsWith('.') ? existsSync(join(root, source)) : source in volumes
        expect([name, source, known]).toEqual([name, source, true])
      }
    }
  })

  it('waits for migrations before anything that reads the database', () => {
    for (const name of ['api', 'worker']) {
      expect(services[name]?.depends_on['migrate']).toEqual({ condition: 'service_completed_successfully' })
    }
  })

  it('pins every image', () => {
    for (const [, { image }] of every) expect(image).toMatch(/^matic-\w+$|:v?\d+\.\d+[\w.-]*$/)
  })
})

describe.each(dockerfiles)('%s', (dockerfile) => {
  const stages = readDockerfile(join(root, dockerfile))
  const last = stages.at(-1)

  it('calls package scripts and nothing else', () => {
    const lines = stages.flatMap(({ instructions }) => instructions.flatMap((each) => (each.kind === 'RUN' ? [each.line] : [])))
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^npm (?:--prefix \S+ )?run [\w:]+(?: -- [\w ]+)?$/)
  })

  it('runs without root, on the pinned Node, and says whether it is well', () => {
    expect(last?.user).toBe('node')
    expect(last?.base).toBe('node:24.21.0-bookworm-slim')
    expect(last?.healthcheck?.[0]).toBe('node')
    expect(last?.env['NODE_ENV']).toBe('production')
  })

  it('copies paths that exist, and no secrets', () => {
    for (const { instructions } of stages) {
      for (const each of instructions) {
        if (each.kind !== 'COPY' || each.from !== undefined) continue
        for (const source of each.sources) {
          expect([source, existsSync(join(root, source))]).toEqual([source, true])
          expect(source).not.toMatch(/^\.env|^\.$|^\.data/)
        }
      }
    }
  })
})
