/** One message as it travels: its channel and its content. */
export type BusItem = readonly [channel: string, message: unknown]

export interface Packed {
  texts: string[]
  /** Channels of messages that no splitting made small enough. */
  tooLarge: string[]
}

/**
 * Packs messages into as few texts as the transport's limit allows. A message too long for one text is
 * halved along its only list or table: five hundred ids are as good as two times two hundred and fifty.
 */
export function packItems(items: readonly BusItem[], wrap: (items: readonly BusItem[]) => string, textBytesMax: number): Packed {
  const texts: string[] = []
  const tooLarge: string[] = []
  const waiting = [[...items]]

  for (let group = waiting.pop(); group; group = waiting.pop()) {
    const text = wrap(group)
    if (Buffer.byteLength(text) <= textBytesMax) {
      texts.push(text)
      continue
    }
    const [left, right] = halves(group)
    if (left && right) waiting.push(right, left)
    else tooLarge.push(group[0]?.[0] ?? '')
  }
  return { texts, tooLarge }
}

function halves(group: readonly BusItem[]): [BusItem[], BusItem[]] | [] {
  const middle = Math.ceil(group.length / 2)
  if (group.length > 1) return [group.slice(0, middle), group.slice(middle)]

  const [item] = group
  if (!item || typeof item[1] !== 'object' || item[1] === null) return []
  const [channel, message] = item

  for (const [name, part] of Object.entries(message)) {
    const [left, right] = Array.isArray(part) ? halfList(part) : halfTable(part)
    if (left && right) return [[[channel, { ...message, [name]: left }]], [[channel, { ...message, [name]: right }]]]
  }
  return []
}

function halfList<T>(list: readonly T[]): [T[], T[]] | [] {
  if (list.length < 2) return []
  const middle = Math.ceil(list.length / 2)
  return [list.slice(0, middle), list.slice(middle)]
}

function halfTable(table: unknown): object[] {
  if (typeof table !== 'object' || table === null) return []
  return halfList(Object.entries(table)).map((entries) => Object.fromEntries(entries))
}
