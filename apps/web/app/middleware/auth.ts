export default defineNuxtRouteMiddleware(async (to) => {
  const auth = useAuthStore()
  if (auth.isSignedIn || (await auth.restore())) return
  return navigateTo({ path: '/login', query: to.path === '/' ? {} : { next: to.path } })
})
