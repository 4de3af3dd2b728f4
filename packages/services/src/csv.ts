type Cell = string | number | boolean | null

const NUMBER = /^[+-]?\d+(\.\d+)?$/

/** RFC 4180: CRLF, quotes where needed. Text that a spreadsheet would run as a formula is led by an apostrophe; numbers stay numbers. */
export function toCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

function cell(value: Cell): string {
  if (value === null) return ''
  const text = String(value)
  const safe = /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows of one file, so that nobody asks for everything at once. */
export const CSV_ROWS = 100_000
