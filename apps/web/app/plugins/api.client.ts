import { createClient } from '@matic/sdk'

/** The one client of the page. The access token lives in memory; the refresh token in a cookie no script can read. */
export default defineNuxtPlugin(() => {
  const auth = useAuthStore()
  const stepUp = useStepUpStore()
  const api = createClient({
    baseUrl: '',
    getAccessToken: () => auth.accessToken,
    onUnauthenticated: () => auth.renew(),
    onStepUp: () => stepUp.ask(),
  })
  return { provide: { api } }
})
