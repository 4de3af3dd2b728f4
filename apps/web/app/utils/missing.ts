/** Whether what an address names is not there: also where it names nothing that could be. */
export function isMissing(error: { readonly code: string } | null): boolean {
  return error !== null && (error.code === 'NOT_FOUND' || error.code === 'VALIDATION_FAILED')
}
