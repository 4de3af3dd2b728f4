import type { Client } from 'pg'

export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** Tables its rows point to. */
  readonly needs: readonly string[]
}

export interface Sequence {
  readonly name: string
  readonly value: string
}

/** Proof that a process lives now, and the history that migrating writes itself. */
const NOT_KEPT = ['worker_process', '_prisma_migrations']

/** Our tables, those that others point to first, so that rows can be put back without switching foreign keys off. */
export async function readTables(client: Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `SELECT c.relname AS name,
            array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
            coalesce((SELECT array_agg(DISTINCT f.confrelid::regclass::text) FROM pg_constraint f
                       WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid), '{}') AS needs
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relname = ANY($1)
      GROUP BY c.oid, c.relname ORDER BY c.relname`,
    [NOT_KEPT],
  )
  return inOrder(rows)
}

export async function readSequences(client: Client): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `SELECT sequencename AS name, last_value::text AS value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL`,
  )
  return rows
}

function inOrder(tables: readonly Table[]): Table[] {
  const placed: Table[] = []
  const waiting = [...tables]
  while (waiting.length > 0) {
    const isPlaced = (name: string): boolean => placed.some((each) => each.name === name) || !tables.some((each) => each.name === name)
    const next = waiting.findIndex(({ needs }) => needs.every(isPlaced))
    if (next < 0) throw new Error(`These tables point to each other in a circle: ${waiting.map(({ name }) => name).join(', ')}`)
    placed.push(...waiting.splice(next, 1))
  }
  return placed
}
