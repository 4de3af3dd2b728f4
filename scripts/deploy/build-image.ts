import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { createIgnore, readDockerfile, type Instruction, type Stage } from './dockerfile.ts'

export interface Image {
  /** The file system of the last stage. */
  readonly folder: string
  readonly stage: Stage
}

export interface BuildOptions {
  readonly root: string
  readonly dockerfile: string
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** What `docker build` does with our Dockerfiles, without Docker: exactly the COPYed paths, and the RUN lines in them. */
export function buildImage({ root, dockerfile, folder, env }: BuildOptions): Image {
  const stages = readDockerfile(join(root, dockerfile))
  const isIgnored = createIgnore(root)
  for (const stage of stages) {
    const place = join(folder, stage.name)
    const at = (path: string): string => (path.startsWith('/') ? join(place, path) : join(place, stage.workdir, path))
    mkdirSync(at('.'), { recursive: true })
    for (const instruction of stage.instructions) {
      if (instruction.kind === 'RUN') run(instruction.line, { cwd: at('.'), env: { ...env, ...stage.env } })
      else copy(instruction, at, instruction.from === undefined ? undefined : join(folder, instruction.from), root, isIgnored)
    }
  }
  const stage = stages.at(-1)
  if (stage === undefined) throw new Error(`${dockerfile} has no stage`)
  return { folder: join(folder, stage.name), stage }
}

function copy(
  { sources, target }: Extract<Instruction, { kind: 'COPY' }>,
  at: (path: string) => string,
  stage: string | undefined,
  root: string,
  isIgnored: (path: string) => boolean,
): void {
  for (const source of sources) {
    const from = stage === undefined ? join(root, source) : join(stage, source)
    if (!existsSync(from)) throw new Error(`COPY ${source}: there is no such path`)
    const isFolder = statSync(from).isDirectory()
    const to = isFolder || !target.endsWith('/') ? at(target) : join(at(target), basename(source))
    mkdirSync(dirname(to), { recursive: true })
    if (stage !== undefined && isFolder) linkFolder(from, to)
    else
      cpSync(from, to, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => stage !== undefined || !isIgnored(relative(root, path)),
      })
  }
}

/** Between stages: the same files under two names, where a copy of all packages would take longer than building them. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkFolder(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else linkSync(source, target)
  }
}

function run(line: string, { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`RUN ${line} ended with ${status}:\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`)
}
