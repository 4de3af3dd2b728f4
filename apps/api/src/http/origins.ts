/** Which pages may use the cookie and the sockets. */
export interface Origins {
  readonly list: readonly string[]
  /** True for our own pages, and for callers that are no browser. */
  allows(headers: { origin?: string | undefined; 'sec-fetch-site'?: string | string[] | undefined }): boolean
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export function createOrigins({ frontendUrl, production }: { frontendUrl: string; production: boolean }): Origins {
  const list = originsOf(new URL(frontendUrl), production)
  return {
    list,
    allows(headers) {
      if (headers.origin !== undefined) return list.includes(headers.origin)
      const site = headers['sec-fetch-site']
      return site === undefined || site === 'same-origin' || site === 'none'
    },
  }
}

/** On a developer's machine the page may be opened under any name of that machine. */
function originsOf(url: URL, production: boolean): string[] {
  if (production || !LOOPBACK.includes(url.hostname)) return [url.origin]
  return LOOPBACK.map((host) => Object.assign(new URL(url), { hostname: host }).origin)
}
