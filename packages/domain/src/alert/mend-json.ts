/** How far a bare value goes; a colon or a quote may stand inside it. */
const VALUE_END = /[,}\]\r\n]/
const KEY_END = /[:,}\]\r\n]/
const LITERAL = /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/
const ESCAPED = /["\\/bfnrtu]/

/**
 * Text that people and placeholders make of JSON, made JSON again: bare words and NaN become text, a value that came out empty becomes
 * "NaN", any quotes become straight ones, line breaks inside text are escaped, a comma too many goes. One pass over the text.
 */
export function mendJson(text: string): string {
  const out: string[] = []
  let last = ''
  let at = 0
  const emit = (piece: string, kind: string) => {
    out.push(piece)
    last = kind
  }

  while (at < text.length) {
    const char = text.charAt(at)
    const closing = closingQuotes(char)
    if (closing !== '') {
      const { piece, end } = readQuoted(text, at, closing)
      emit(piece, 'value')
      at = end
    } else if (char.trim() === '') {
      at += 1
    } else if (last === ':' && text.startsWith('{{', at)) {
      const close = text.indexOf('}}', at)
      const end = close === -1 ? text.length : close + 2
      emit(JSON.stringify(text.slice(at, end)), 'value')
      at = end
    } else if (char === ':' && last !== ':') {
      emit(':', ':')
      at += 1
    } else if (char === '{' || char === '[') {
      emit(char, char)
      at += 1
    } else if (char === ',' || char === '}' || char === ']') {
      if (last === ':') emit('"NaN"', 'value')
      if (last === ',' && char !== ',') out.pop()
      emit(char, char)
      at += 1
    } else {
      const end = endOf(text, at, last === ':' || last === '[' ? VALUE_END : KEY_END)
      const bare = text.slice(at, end).trim()
      emit(LITERAL.test(bare) ? bare : JSON.stringify(bare), 'value')
      at = Math.max(end, at + 1)
    }
  }
  return out.join('')
}

function endOf(text: string, from: number, stop: RegExp): number {
  for (let at = from; at < text.length; at += 1) if (stop.test(text.charAt(at))) return at
  return text.length
}

/** What may end text that starts with this. Editors and phones make typographic quotes of straight ones. */
function closingQuotes(char: string): string {
  if (char === '"' || char === "'") return char
  if ('\u201C\u201D\u201E\u00AB\u00BB'.includes(char)) return '\u201C\u201D\u00AB\u00BB'
  return '\u2018\u2019\u201A'.includes(char) ? '\u2018\u2019' : ''
}

function readQuoted(text: string, from: number, closing: string): { piece: string; end: number } {
  const piece: string[] = ['"']
  let at = from + 1
  for (; at < text.length && !closing.includes(text.charAt(at)); at += 1) {
    const char = text.charAt(at)
    if (char === '\\') {
      at += 1
      const next = text.charAt(at)
      piece.push(ESCAPED.test(next) ? `\\${next}` : next === "'" ? "'" : '\\\\')
      if (!ESCAPED.test(next) && next !== "'") at -= 1
    } else if (char === '"') piece.push('\\"')
    else piece.push(char < ' ' ? JSON.stringify(char).slice(1, -1) : char)
  }
  piece.push('"')
  return { piece: piece.join(''), end: at + 1 }
}
