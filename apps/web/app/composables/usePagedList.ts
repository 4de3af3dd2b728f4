import type { PageMeta } from '@matic/contracts'

export interface PagedList<Row> {
  readonly rows: readonly Row[]
  readonly meta: PageMeta | null
}

/** A page of a list, read again whenever `key` changes. What was shown stays until the new page is here. */
export function usePagedList<Row>(key: () => unknown, read: () => Promise<{ data: readonly Row[]; meta: PageMeta | null }>) {
  const resource = createResource(async (): Promise<PagedList<Row>> => {
    const { data, meta } = await read()
    return { rows: data, meta }
  })
  watch(key, () => void resource.refresh(), { immediate: true })
  return resource
}
