import { Client, escapeIdentifier } from 'pg'

/** Creates a database when it is missing; `template` makes it a copy of another one. */
export async function ensureDatabase({ url, database, template }: { url: string; database: string; template?: string }): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (known.rowCount !== 0) return
    const source = template === undefined ? '' : ` TEMPLATE ${escapeIdentifier(template)}`
    await client.query(`CREATE DATABASE ${escapeIdentifier(database)}${source}`)
  } finally {
    await client.end()
  }
}
