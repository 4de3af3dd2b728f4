import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface OsUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const candidates = ['postgres', 'nobody']

/** PostgreSQL refuses to run as root: there, the existing unprivileged account to run it as. */
export function serverUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of candidates) {
    const account = accounts.find(([accountName]) => accountName === name)
    if (account !== undefined) return { name, uid: Number(account[2]), gid: Number(account[3]) }
  }
  throw new Error(
    `PostgreSQL does not run as root and /etc/passwd has neither ${candidates.join(' nor ')}: start as another user or set DATABASE_URL`,
  )
}

/** Whether the user may enter every folder above an existing path and the path itself. */
export function canReach(user: OsUser, path: string): boolean {
  for (let current = realpathSync(path); ; current = dirname(current)) {
    const { mode, uid, gid } = statSync(current)
    const executable = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & executable) === 0) return false
    if (current === dirname(current)) return true
  }
}
