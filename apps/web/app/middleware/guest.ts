export default defineNuxtRouteMiddleware(async () => {
  const auth = useAuthStore()
  if (auth.isSignedIn || (await auth.restore())) return navigateTo('/')
})
