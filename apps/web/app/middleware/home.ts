/** The start page is for everybody: who is signed in sees the overview there, who is not what this is. */
export default defineNuxtRouteMiddleware(async () => {
  const auth = useAuthStore()
  const isSignedIn = auth.isSignedIn || (await auth.restore())
  setPageLayout(isSignedIn ? 'default' : 'public')
})
