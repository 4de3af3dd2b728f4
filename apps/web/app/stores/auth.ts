import { routes, type UserView } from '@matic/contracts'
import { isApiError } from '@matic/sdk'

// Says only that a cookie is probably there, so that a first visit asks for nothing in vain.
const hintKey = 'matic.session'

export const useAuthStore = defineStore('auth', () => {
  const user = ref<UserView | null>(null)
  const accessToken = ref<string | null>(null)
  const isSignedIn = computed(() => user.value !== null)
  let restoring: Promise<unknown> | null = null

  function enter(session: { accessToken: string; user: UserView }): void {
    accessToken.value = session.accessToken
    user.value = session.user
    localStorage.setItem(hintKey, '1')
  }

  function leave(): void {
    accessToken.value = null
    user.value = null
    localStorage.removeItem(hintKey)
  }

  /** Once per page load: the session of an earlier visit, if there is one. */
  async function restore(): Promise<boolean> {
    restoring ??= localStorage.getItem(hintKey) === null ? Promise.resolve() : renew().catch(() => undefined)
    await restoring
    return isSignedIn.value
  }

  /** A new access token by the refresh cookie. False: the session is over. Throws when the server does not answer. */
  async function renew(): Promise<boolean> {
    try {
      enter(await oneTabAtATime(() => useApi().call(routes.auth.refresh)))
      return true
    } catch (error) {
      if (!isApiError(error) || error.status !== 401) throw error
      const wasSignedIn = isSignedIn.value
      leave()
      if (wasSignedIn) await navigateTo({ path: '/login', query: { ended: '1' } })
      return false
    }
  }

  async function login(input: { email: string; password: string; code?: string }): Promise<void> {
    enter(await useApi().call(routes.auth.login, { body: input }))
  }

  async function register(input: Parameters<typeof sendRegister>[0]): Promise<void> {
    enter(await sendRegister(input))
  }

  /** After something about the person changed, here or elsewhere. */
  async function reload(): Promise<void> {
    const view = await useApi()
      .call(routes.auth.profile)
      .catch(() => null)
    if (view !== null && isSignedIn.value) user.value = view
  }

  async function logout(): Promise<void> {
    try {
      await useApi().call(routes.auth.logout)
    } finally {
      leave()
    }
  }

  return { user, accessToken, isSignedIn, restore, renew, login, register, reload, logout }
})

function sendRegister(input: {
  email: string
  password: string
  fullName: string
  phone: string
  address: string
  plan: 'MONTHLY' | 'YEARLY'
}) {
  return useApi().call(routes.auth.register, { body: input })
}

/** Each refresh uses the cookie up: two tabs at once would end the session. */
async function oneTabAtATime<T>(run: () => Promise<T>): Promise<T> {
  if (navigator.locks === undefined) return run()
  return navigator.locks.request('matic.refresh', run)
}
