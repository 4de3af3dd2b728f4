import { routes } from '@matic/contracts'

/** Asks who is signed in to prove it again, before something that a stolen session must not do. */
export const useStepUpStore = defineStore('step-up', () => {
  const isAsking = ref(false)
  let settle: ((proved: boolean) => void) | null = null

  /** Resolves once the person has proved it, or has turned away. */
  function ask(): Promise<boolean> {
    isAsking.value = true
    return new Promise((resolve) => {
      settle = resolve
    })
  }

  function finish(proved: boolean): void {
    isAsking.value = false
    settle?.(proved)
    settle = null
  }

  async function prove(input: { password: string; code?: string }): Promise<void> {
    await useApi().call(routes.auth.stepUp, { body: input })
    finish(true)
  }

  return { isAsking, ask, prove, turnAway: () => finish(false) }
})
