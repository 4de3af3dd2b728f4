import type { IncomingMessage } from 'node:http'

/** Who sent it: the peer, or what the last hop that is ours says. A header that nobody of ours wrote is not believed. */
export function senderOf(req: IncomingMessage, trustProxyHops: number): string {
  const peer = plain(req.socket.remoteAddress ?? '')
  if (trustProxyHops === 0) return peer
  const header = req.headers['x-forwarded-for']
  const hops = [...(Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((hop) => plain(hop.trim())), peer]
  return hops.at(-1 - trustProxyHops) ?? peer
}

function plain(address: string): string {
  return address.replace(/^::ffff:/i, '')
}
