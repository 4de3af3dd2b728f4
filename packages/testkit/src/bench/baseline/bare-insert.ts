import { randomUUID } from 'node:crypto'
import http from 'node:http'
import pg from 'pg'

/** The floor of a durable door: bare node:http, one prepared INSERT a request, 200 after the commit. */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 20 })
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare_signal (id uuid PRIMARY KEY, user_id uuid NOT NULL, body text NOT NULL, at timestamptz NOT NULL DEFAULT now())',
)

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const userId = request.url?.split('/')[3] ?? ''
    pool
      .query({
        name: 'insert',
        text: 'INSERT INTO bare_signal (id, user_id, body) VALUES ($1, $2, $3)',
        values: [randomUUID(), userId, Buffer.concat(chunks).toString('utf8')],
      })
      .then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}'))
      .catch(() => response.writeHead(503).end())
  })
})
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('baseline ready'))
process.on('SIGTERM', () => process.exit(0))
