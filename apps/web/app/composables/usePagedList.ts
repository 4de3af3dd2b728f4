import type { PageMeta } from '@matic/contracts'

export interface PagedList<Row> {
  readonly rows: readonly Row[]
  readonly meta: PageMeta | null
}

/**
 * A page of a list, read again whenever `key` changes. What was shown stays until the new page is here. Past the end there is nothing to
 * see: then `page` becomes the last one.
 */
export function usePagedList<Row>(
  key: () => unknown,
  read: () => Promise<{ data: readonly Row[]; meta: PageMeta | null }>,
  page: Ref<number>,
) {
  const resource = createResource(async (): Promise<PagedList<Row>> => {
    const { data, meta } = await read()
    return { rows: data, meta }
  })
  watch(resource.data, (list) => {
    const total = list?.meta?.total ?? 0
    if (list?.rows.length === 0 && total > 0 && list.meta !== null) page.value = Math.ceil(total / list.meta.limit)
  })
  watch(key, () => void resource.refresh(), { immediate: true })
  return resource
}
