import { spawn } from 'node:child_process'

const script = `
read -r word
[ "$word" = dismissed ] && exit 0
kill -"$2" -"$1" 2>/dev/null
tries=0
while kill -0 -"$1" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL -"$1" 2>/dev/null
`

/**
 * Ends a process group when this process dies without saying goodbye (SIGKILL, crash): a small shell waits on a
 * pipe whose other end only we hold.
 * @returns dismisses the guard, to be called once the group is gone
 */
export function guardGroup(leaderPid: number, signal: 'INT' | 'TERM'): () => void {
  if (process.platform === 'win32') return () => undefined

  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(leaderPid), signal], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return () => guard.stdin.end('dismissed\n')
}
