import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Instruction =
  | { readonly kind: 'COPY'; readonly from: string | undefined; readonly sources: readonly string[]; readonly target: string }
  | { readonly kind: 'RUN'; readonly line: string }

export interface Stage {
  readonly name: string
  readonly base: string
  readonly workdir: string
  readonly user: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly instructions: readonly Instruction[]
  readonly command: readonly string[] | undefined
  readonly healthcheck: readonly string[] | undefined
}

/** As much of a Dockerfile as ours use; anything else is an error, so that nothing goes unread. */
export function readDockerfile(path: string): readonly Stage[] {
  const lines = readFileSync(path, 'utf8')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const stages: Stage[] = []
  for (const line of lines) {
    const [, keyword = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    const last = stages.at(-1)
    if (keyword === 'FROM') {
      const [base = '', , name = `stage-${stages.length}`] = rest.split(/\s+/)
      stages.push({
        ...{ name, base, workdir: '/', user: undefined, env: {} },
        ...{ instructions: [], command: undefined, healthcheck: undefined },
      })
    } else if (last === undefined) {
      throw new Error(`${path}: ${keyword} before FROM`)
    } else {
      stages[stages.length - 1] = { ...last, ...apply(last, keyword, rest, path) }
    }
  }
  return stages
}

function apply(stage: Stage, keyword: string, rest: string, path: string): Partial<Stage> {
  switch (keyword) {
    case 'WORKDIR':
      return { workdir: rest }
    case 'USER':
      return { user: rest }
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=')
      return { env: { ...stage.env, [name]: value } }
    }
    case 'COPY':
      return { instructions: [...stage.instructions, copyOf(rest)] }
    case 'RUN':
      return { instructions: [...stage.instructions, { kind: 'RUN', line: rest }] }
    case 'CMD':
      return { command: JSON.parse(rest) }
    case 'HEALTHCHECK':
      return { healthcheck: JSON.parse(rest.slice(rest.indexOf('['))) }
    case 'EXPOSE':
      return {}
    default:
      throw new Error(`${path}: ${keyword} is not understood`)
  }
}

function copyOf(rest: string): Instruction {
  const words = rest.split(/\s+/)
  const flags = words.filter((word) => word.startsWith('--'))
  const paths = words.filter((word) => !word.startsWith('--'))
  const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length)
  return { kind: 'COPY', from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }
}

// Is this path of the checkout kept out of images? Patterns as our .dockerignore has them: **/name, **/*.ext, path.
export function createIgnore(root: string): (path: string) => boolean {
  const patterns = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean)
  return (path) =>
    patterns.some((pattern) => {
      if (!pattern.startsWith('**/')) return path === pattern || path.startsWith(`${pattern}/`)
      const name = pattern.slice(3)
      return path.split('/').some((part) => (name.startsWith('*') ? part.endsWith(name.slice(1)) : part === name))
    })
}
