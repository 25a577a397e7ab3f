/**
 * WhatsApp's formatting and links as tokens. Nothing here is ever HTML: React writes every token as text, and an address
 * becomes a link only if it parses as http(s), mailto or tel.
 */
export type Token =
  | { kind: 'text'; text: string }
  | { kind: 'mono'; text: string; block: boolean }
  | { kind: 'bold' | 'italic' | 'strike'; children: Token[] }
  | { kind: 'link'; text: string; href: string }

const marks = { '*': 'bold', _: 'italic', '~': 'strike' } as const
type Mark = keyof typeof marks

const linkPattern =
  /(?:https?:\/\/|www\.)[^\s<>"'`]+|[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}|\+\d[\d ()-]{6,18}\d/giu
/** Marks may nest; a text made of nothing but marks must not make the page slow. */
const DEEPEST = 6

export function tokenize(text: string): Token[] {
  return codes(text)
}

function codes(text: string): Token[] {
  const out: Token[] = []
  let from = 0
  for (const found of text.matchAll(/```([^`](?:[\s\S]*?[^`])?)```|`([^`\n]+)`/g)) {
    if (found.index > from) out.push(...styles(text.slice(from, found.index), 0))
    out.push({ kind: 'mono', text: found[1] ?? found[2] ?? '', block: (found[1] ?? '').includes('\n') })
    from = found.index + found[0].length
  }
  if (from < text.length) out.push(...styles(text.slice(from), 0))
  return out
}

const isWord = (char: string | undefined) => char !== undefined && /[\p{L}\p{N}]/u.test(char)
const isSpace = (char: string | undefined) => char === undefined || /\s/u.test(char)

/** The first pair of marks that counts: opens before a non-space after a non-word, closes the same way round. */
function styles(text: string, depth: number): Token[] {
  if (depth >= DEEPEST) return links(text)
  const taken = linkRanges(text)
  const inLink = (at: number) => taken.some(([start, end]) => at > start && at < end)
  for (let open = 0; open < text.length; open += 1) {
    const mark = text[open] as Mark
    if (!(mark in marks) || isSpace(text[open + 1]) || isWord(text[open - 1]) || inLink(open)) continue
    const close = closing(text, mark, open, inLink)
    if (close < 0) continue
    const children = styles(text.slice(open + 1, close), depth + 1)
    return [...links(text.slice(0, open)), { kind: marks[mark], children }, ...styles(text.slice(close + 1), depth)]
  }
  return links(text)
}

function closing(text: string, mark: Mark, open: number, inLink: (at: number) => boolean): number {
  for (let at = text.indexOf(mark, open + 2); at > 0; at = text.indexOf(mark, at + 1)) {
    if (text.slice(open, at).includes('\n')) return -1
    if (!isSpace(text[at - 1]) && !isWord(text[at + 1]) && !inLink(at)) return at
  }
  return -1
}

function linkRanges(text: string): [number, number][] {
  return [...text.matchAll(linkPattern)].map((found) => [found.index, found.index + trimEnd(found[0]).length])
}

function links(text: string): Token[] {
  const out: Token[] = []
  let from = 0
  for (const found of text.matchAll(linkPattern)) {
    const shown = trimEnd(found[0])
    const href = isWord(text[found.index - 1]) ? null : hrefOf(shown)
    if (!href) continue
    if (found.index > from) out.push({ kind: 'text', text: text.slice(from, found.index) })
    out.push({ kind: 'link', text: shown, href })
    from = found.index + shown.length
  }
  if (from < text.length) out.push({ kind: 'text', text: text.slice(from) })
  return out
}

/** The full stop of the sentence and a bracket that was opened outside are not part of the address. */
function trimEnd(found: string): string {
  let end = found.replace(/[.,;:!?*_~'"»”…]+$/u, '')
  while (end.endsWith(')') && end.split('(').length < end.split(')').length) end = end.slice(0, -1).replace(/[.,;:!?]+$/u, '')
  return end
}

/** The address behind a piece of text, or null when it must stay text. */
export function hrefOf(text: string): string | null {
  if (/^\+[\d ()-]+$/.test(text)) return `tel:${text.replace(/[^\d+]/g, '')}`
  if (/^[^\s/:@]+@[^\s/:@]+$/.test(text)) return `mailto:${text}`
  // Characters that turn the reading direction could make an address look like another one.
  if (/[\u202A-\u202E\u2066-\u2069]/u.test(text)) return null
  const url = URL.parse(/^www\./i.test(text) ? `https://${text}` : text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  // https://bank.example@evil.example reads as the bank.
  if (url.username !== '' || url.password !== '') return null
  return url.href
}

/** How many emoji a message has when it has nothing else; 0 otherwise. */
export function emojiOnly(text: string): number {
  const bare = text.replace(/\s/gu, '')
  if (bare === '' || bare.length > 60) return 0
  const found = bare.match(/\p{RGI_Emoji}/gv) ?? []
  return found.join('') === bare ? found.length : 0
}

/** Words for places that show no formatting, such as the list. */
export function plain(text: string): string {
  const flat = (tokens: Token[]): string => tokens.map((one) => ('children' in one ? flat(one.children) : one.text)).join('')
  return flat(tokenize(text)).replace(/\s+/gu, ' ').trim()
}
