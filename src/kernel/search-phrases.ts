/** What a person typed, and where it stands in a text. Pure. */
import { cutWord, entrances, longestWord, type Unit, unitsOf } from './search-text.ts'

/** What one looks for: units that follow each other. Several phrases may stand anywhere, but all of them have to. */
export type Phrase = readonly Pick<Unit, 'kind' | 'text'>[]

const mostPhrases = 12
/** Words between quotation marks stand together; so do those that are written in one, like an address. */
const written = /"([^"]+)"|“([^”]+)”|«([^»]+)»|„([^“”]+)[“”]|([^\s"“”«»„]+)/g

/** What a person typed, in phrases; none where nothing in it can be looked for. */
export function phrasesOf(typed: string): Phrase[] {
  const phrases: Phrase[] = []
  for (const [, ...alternatives] of typed.matchAll(written)) {
    const units = unitsOf(alternatives.find((one) => one !== undefined) ?? '')
    if (units.length > 0) phrases.push(units.map(({ kind, text }) => ({ kind, text })))
  }
  return phrases.slice(0, mostPhrases)
}

/** One piece to ask the index for: as it is, or as the beginning of one. */
export interface Wanted {
  piece: string
  prefix: boolean
}

/** What the pieces of every text with this phrase contain. */
export function wantedOf(phrase: Phrase): Wanted[] {
  return phrase.flatMap((unit, n): Wanted[] => {
    if (unit.kind === 'emoji') return [{ piece: unit.text, prefix: false }]
    if (unit.kind === 'word') {
      const last = n === phrase.length - 1
      return [{ piece: cutWord(unit.text), prefix: last || unit.text.length > longestWord }]
    }
    const characters = [...unit.text]
    if (characters.length === 1) return [{ piece: unit.text, prefix: true }]
    return characters.slice(1).map((character, i) => ({ piece: `${characters[i]}${character}`, prefix: false }))
  })
}

/** Half open, in UTF-16 units of the written text. */
export type Range = [start: number, end: number]

/** Where all phrases stand in the text, in order and without overlaps; null where one does not. */
export function findPhrases(units: readonly Unit[], phrases: readonly Phrase[]): Range[] | null {
  const ranges: Range[] = []
  for (const phrase of phrases) {
    const found = findPhrase(units, phrase)
    if (found.length === 0) return null
    ranges.push(...found)
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const merged: Range[] = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last && range[0] <= last[1]) last[1] = Math.max(last[1], range[1])
    else merged.push([...range])
  }
  return merged
}

function findPhrase(units: readonly Unit[], phrase: Phrase): Range[] {
  const [only] = phrase
  if (!only) return []
  const ranges: Range[] = []
  units.forEach((unit, n) => {
    if (phrase.length === 1) ranges.push(...occurrences(unit, only))
    else {
      const range = spanFrom(units, n, phrase)
      if (range) ranges.push(range)
    }
  })
  return ranges
}

const rangeIn = (unit: Unit, from: number, to: number): Range => [unit.begins[from] as number, unit.ends[to - 1] as number]

/** All places of a single unit within another: at the entrances of a word, anywhere in a run. */
function occurrences(unit: Unit, wanted: Phrase[number]): Range[] {
  if (unit.kind !== wanted.kind) return []
  const { length } = wanted.text
  if (unit.kind === 'word') {
    const from = entrances(unit.text).find((place) => unit.text.startsWith(wanted.text, place))
    return from === undefined ? [] : [rangeIn(unit, from, from + length)]
  }
  const ranges: Range[] = []
  for (let from = unit.text.indexOf(wanted.text); from >= 0; from = unit.text.indexOf(wanted.text, from + length))
    ranges.push(rangeIn(unit, from, from + length))
  return ranges
}

/** The phrase from unit `n` on: the first may begin at an entrance, the last may go on, those between are whole. */
function spanFrom(units: readonly Unit[], n: number, phrase: Phrase): Range | null {
  let start = 0
  for (let i = 0; i < phrase.length; i++) {
    const unit = units[n + i]
    const wanted = phrase[i] as Phrase[number]
    if (!unit || unit.kind !== wanted.kind) return null
    if (i === 0) {
      const place = firstPlace(unit, wanted.text)
      if (place === undefined) return null
      start = unit.begins[place] as number
    } else if (i === phrase.length - 1) {
      return unit.text.startsWith(wanted.text) ? [start, unit.ends[wanted.text.length - 1] as number] : null
    } else if (unit.text !== wanted.text) return null
  }
  return null
}

function firstPlace(unit: Unit, wanted: string): number | undefined {
  if (unit.kind === 'run') return unit.text.endsWith(wanted) ? unit.text.length - wanted.length : undefined
  return entrances(unit.text).find((place) => unit.text.slice(place) === wanted)
}

// What is shown of a text -----------------------------------------------------------------------------------------------

export interface Snippet {
  text: string
  highlights: Range[]
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** About `length` UTF-16 units around the first place that was found; cut between characters, never within one. */
export function snippetOf(text: string, ranges: readonly Range[], length = 200): Snippet {
  const first = ranges[0]?.[0] ?? 0
  // A little of what stands before it, and from the beginning where that is near.
  const wish = first <= length / 3 ? 0 : first - Math.floor(length / 4)
  const from = boundary(text, wish)
  const to = boundary(text, Math.min(text.length, from + length))
  const lead = from > 0 ? '…' : ''
  const shift = lead.length - from
  return {
    text: `${lead}${text.slice(from, to).replace(/\s/g, ' ')}${to < text.length ? '…' : ''}`,
    highlights: ranges
      .filter(([start, end]) => start >= from && start < to && end > start)
      .map(([start, end]) => [start + shift, Math.min(end, to) + shift]),
  }
}

/** The boundary of characters at or before `place`; at a word where one begins near. */
function boundary(text: string, place: number): number {
  if (place <= 0 || place >= text.length) return Math.max(0, Math.min(place, text.length))
  const near = text.lastIndexOf(' ', place)
  if (near >= 0 && place - near <= 20) return near + 1
  const from = Math.max(0, place - 40)
  let last = from
  for (const { index } of graphemes.segment(text.slice(from, place + 1))) last = from + index
  return last
}
