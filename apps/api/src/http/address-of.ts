import type { Request } from 'express'

/** Who is asking, as people write it: an IPv4 address stays one on a socket that speaks IPv6. */
export function addressOf(req: Pick<Request, 'ip'>): string {
  return (req.ip ?? '').replace(/^::ffff:/i, '')
}
