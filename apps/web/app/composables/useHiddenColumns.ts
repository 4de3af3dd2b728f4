import { useLocalStorage } from '@vueuse/core'

/** Columns that a person hid in a table, kept in this browser. */
export function useHiddenColumns(table: string | undefined) {
  return table === undefined ? ref<readonly string[]>([]) : useLocalStorage<readonly string[]>(`matic.columns.${table}`, [])
}
