/** Text that Postgres and every screen can hold: no NUL, no lone surrogates. */
export const cleanText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

/** The same for every string inside a JSON value, keys included. */
export function cleanJson(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(cleanJson)
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanJson(item)]))
  }
  return value
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Where every character is one grapheme, no segmenter is needed: it costs 10 µs. */
const plain = /^[\x20-\x7e]*$/

/** The same of what is one line already, with single blanks: its beginning is all that has to be looked at. */
const tidy = /^(?: ?[\x21-\x7e])+$/

/** At most `length` graphemes of the first line, with an ellipsis where something was cut. */
export function preview(text: string, length = 120): string {
  const head = text.slice(0, length + 1)
  if (!head.startsWith(' ') && tidy.test(head)) return text.length > length ? `${head.slice(0, length)}…` : text
  const line = text
    .slice(0, length * 20)
    .replace(/\s+/g, ' ')
    .trim()
  if (plain.test(line)) return line.length > length ? `${line.slice(0, length)}…` : line
  let count = 0
  for (const { index } of graphemes.segment(line)) {
    if (count === length) return `${line.slice(0, index)}…`
    count += 1
  }
  return line
}

/** The last four characters, for people who have to recognise a secret or a number without seeing it. */
export const lastFour = (value: string): string => (value.length <= 4 ? '••••' : `••••${value.slice(-4)}`)
