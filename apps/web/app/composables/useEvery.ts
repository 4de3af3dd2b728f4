/** Does something again and again for as long as the component is shown. */
export function useEvery(ms: number, run: () => unknown): void {
  let timer: ReturnType<typeof setInterval> | undefined
  onMounted(() => {
    timer = setInterval(run, ms)
  })
  onBeforeUnmount(() => clearInterval(timer))
}
