/** What screen readers are told: fills politely, stops at once. */
export const useAnnouncerStore = defineStore('announcer', () => {
  const polite = ref('')
  const assertive = ref('')

  return {
    polite,
    assertive,
    say(text: string): void {
      polite.value = text
    },
    interrupt(text: string): void {
      assertive.value = text
    },
  }
})
