import type { Client } from '@matic/sdk'

export function useApi(): Client {
  return useNuxtApp().$api
}
