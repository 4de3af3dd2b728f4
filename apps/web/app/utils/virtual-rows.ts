/** Of longer lists only the rows near the view are in the page. */
export const VIRTUAL_ROWS = 200

/** How many rows a page of a list may hold; the first is what it holds unasked. */
export const PAGE_ROWS = [50, 200, 1000] as const
