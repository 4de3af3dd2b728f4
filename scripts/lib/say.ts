export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Ends the script: what is wrong, then what to do. */
export function fail(problem: string, ...remedies: string[]): never {
  process.stderr.write(`\n✗ ${[problem, ...remedies].join('\n  ')}\n`)
  process.exit(1)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Says what people can do about failures that are not the program's fault. */
export function explain(error: unknown): { problem: string; remedies: string[] } {
  const message = messageOf(error)
  if (/ENOSPC|No space left on device/i.test(message)) {
    return {
      problem: 'The disk is full.',
      remedies: ['Free at least 1 GB (`df -h .` shows where you stand) and start again. Nothing that was saved is lost.', message],
    }
  }
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT/.test(message)) {
    return {
      problem: 'A server could not be reached.',
      remedies: ['Check DATABASE_URL and REDIS_URL, or leave them out to use what comes with the packages.', message],
    }
  }
  if (/EACCES|Permission denied/i.test(message)) {
    return { problem: 'A file or folder may not be used by this user.', remedies: [message] }
  }
  return { problem: message, remedies: [] }
}
