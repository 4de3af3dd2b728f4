import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'

const Header = z.object({ takenAt: z.iso.datetime(), migrations: z.array(z.string()) })
export type Header = z.infer<typeof Header>

const Rows = z.record(z.string(), z.number())

const HEADER = '-- matic backup 1 '
const TRAILER = '-- end '

export function headerLine(header: Header): string {
  return `${HEADER}${JSON.stringify(header)}\n`
}

export function trailerLine(rows: Readonly<Record<string, number>>): string {
  return `${TRAILER}${JSON.stringify(rows)}\n`
}

/** What a backup says, line by line. Rows are lines as COPY writes them. */
export type BackupPart =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'table'; readonly name: string; readonly statement: string }
  | { readonly kind: 'row'; readonly line: string }
  | { readonly kind: 'table-end' }
  | { readonly kind: 'statement'; readonly statement: string }
  | { readonly kind: 'end'; readonly rows: Readonly<Record<string, number>> }

/** @throws Error when the file is not a backup of ours */
export async function* readBackup(path: string): AsyncGenerator<BackupPart> {
  const source = createReadStream(path)
  const text = source.pipe(createGunzip())
  source.on('error', (error) => text.destroy(error))
  let isInside = false
  let isFirst = true
  for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
    if (isFirst) {
      if (!line.startsWith(HEADER)) throw new Error(`${path} is no backup of this program`)
      yield { kind: 'header', header: Header.parse(JSON.parse(line.slice(HEADER.length))) }
      isFirst = false
    } else if (isInside && line === '\\.') {
      isInside = false
      yield { kind: 'table-end' }
    } else if (isInside) {
      yield { kind: 'row', line }
    } else if (line.startsWith('COPY ')) {
      isInside = true
      yield { kind: 'table', name: /^COPY "([^"]+)"/.exec(line)?.[1] ?? '', statement: line.replace(/ FROM stdin;$/, ' FROM STDIN') }
    } else if (line.startsWith(TRAILER)) {
      yield { kind: 'end', rows: Rows.parse(JSON.parse(line.slice(TRAILER.length))) }
    } else {
      yield { kind: 'statement', statement: line }
    }
  }
}
