import { fileURLToPath } from 'node:url'

const apiUrl = process.env['API_URL'] ?? 'http://127.0.0.1:3001'

export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  modules: ['@nuxt/ui', '@pinia/nuxt'],
  ssr: false,
  telemetry: false,
  devtools: { enabled: false },
  css: ['~/assets/css/main.css'],
  ui: { fonts: false },
  components: [{ path: '~/components', pathPrefix: false }],
  icon: { provider: 'none', serverBundle: 'local', clientBundle: { scan: { globInclude: ['app/**/*.{vue,ts}'] } } },
  colorMode: { preference: 'dark', fallback: 'dark' },
  app: {
    head: {
      title: 'Matic Trade',
      htmlAttrs: { lang: 'en' },
      meta: [
        { name: 'viewport', content: 'width=device-width, initial-scale=1' },
        { name: 'description', content: 'Your bots and positions, live.' },
        { name: 'referrer', content: 'no-referrer' },
      ],
      link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }],
      // The content security policy forbids eval; this keeps zod from trying it.
      script: [{ innerHTML: 'globalThis.__zod_globalConfig={jitless:true}' }],
    },
  },
  spaLoadingTemplate: 'spa-loading.html',
  typescript: { strict: true },
  sourcemap: { server: false, client: false },
  nitro: {
    devProxy: Object.fromEntries(
      ['/api', '/socket.io', '/health'].map((path) => [path, { target: apiUrl + path, ws: path === '/socket.io' }]),
    ),
  },
  $production: {
    nitro: { entry: fileURLToPath(new URL('server/entry.ts', import.meta.url)) },
  },
})
