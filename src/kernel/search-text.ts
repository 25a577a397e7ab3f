/**
 * Text as searching sees it. Pure. Writing is folded (case, width, accents, vowel points, letter forms) and cut into units:
 * words where a script has spaces, runs of characters where it has none, single emoji. Every unit knows where it stands in the
 * text as it was written, so that what was found can be shown.
 */

export type UnitKind = 'word' | 'run' | 'emoji'

export interface Unit {
  kind: UnitKind
  /** Folded. */
  text: string
  /** Where in the written text the character behind each UTF-16 unit of `text` begins, and where it ends. */
  begins: readonly number[]
  ends: readonly number[]
}

/** What is folded of a message at most, in UTF-16 units: a provider's longest text. */
export const longestText = 8192

/** Cyrillic short i is a letter of its own and no marked i; all other marks of these scripts only refine a letter. */
const marks =
  /(?<!и)[\u0300-\u036f]|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]/g
/** Invisible: joiners, directions, soft hyphen, variation selectors; skin tones; the Arabic stretch. */
const invisible = /\p{Default_Ignorable_Code_Point}|\p{Emoji_Modifier}|\u0640/gu
const letters: Record<string, string> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ς: 'σ' },
  // Forms of one letter, as Arabic, Persian and Urdu keyboards write it.
  ...{ أ: 'ا', إ: 'ا', آ: 'ا', ٱ: 'ا', ى: 'ي', ی: 'ي', ې: 'ي', ئ: 'ي', ؤ: 'و', ة: 'ه', ۀ: 'ه', ە: 'ه', ک: 'ك', گ: 'ك' },
  // Final forms of Hebrew.
  ...{ ך: 'כ', ם: 'מ', ן: 'נ', ף: 'פ', ץ: 'צ' },
}
const special = new RegExp(`[${Object.keys(letters).join('')}]`, 'g')

const digitZero = /\p{Nd}/gu
/** Digits of every script as 0–9: they come in blocks of ten. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) as number
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String(code - zero)
}

function foldCluster(cluster: string): string {
  const bare = cluster
    .replace(invisible, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(marks, '')
    .normalize('NFC')
    .replace(special, (letter) => letters[letter] as string)
  return bare.replace(digitZero, (digit) => (digit < '\u0080' ? digit : asciiDigit(digit)))
}

const plain = /^\p{ASCII}*$/u
/** A character with its marks and what cannot be seen; half-width kana have theirs as letters. */
const clusters = /\P{M}[\p{M}\p{Emoji_Modifier}\p{Default_Ignorable_Code_Point}\uff9e\uff9f]*|\p{M}+/gu
/** Few clusters make up most of what is written. */
const folded = new Map<string, string>()
const keptClusters = 20_000

function foldOne(cluster: string): string {
  const known = folded.get(cluster)
  if (known !== undefined) return known
  const made = foldCluster(cluster)
  if (cluster.length <= 8) {
    if (folded.size >= keptClusters) folded.clear()
    folded.set(cluster, made)
  }
  return made
}

interface Folded {
  text: string
  /** For each UTF-16 unit of the result where the character behind it begins and ends; absent where nothing moved. */
  moved?: { begins: number[]; ends: number[] }
}

function foldMoving(text: string): Folded {
  if (plain.test(text)) return { text: text.toLowerCase() }
  const parts: string[] = []
  const begins: number[] = []
  const ends: number[] = []
  for (const { 0: cluster, index } of text.matchAll(clusters)) {
    const made = cluster.length === 1 && cluster < '\u0080' ? cluster.toLowerCase() : foldOne(cluster)
    parts.push(made)
    for (let n = 0; n < made.length; n++) {
      begins.push(index)
      ends.push(index + cluster.length)
    }
  }
  return { text: parts.join(''), moved: { begins, ends } }
}

export const fold = (text: string): string => foldMoving(text).text

/** Scripts written without spaces between words. */
const noSpaces = String.raw`\p{sc=Han}\p{scx=Hira}\p{scx=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Bopo}`
const unitPattern = new RegExp(
  String.raw`(?<run>[[${noSpaces}]&&[\p{L}\p{M}\p{N}]]+)|(?<word>[[\p{L}\p{M}\p{N}]--[${noSpaces}]]+)|(?<emoji>\p{RI}\p{RI}|\p{Extended_Pictographic})`,
  'gv',
)

const counting = Array.from({ length: longestText }, (_, n) => n)
const countingFromOne = counting.map((n) => n + 1)

/** The units of a text in their order; of a very long text only those of its beginning. */
export function unitsOf(text: string): Unit[] {
  const { text: flat, moved } = foldMoving(text.slice(0, longestText))
  const units: Unit[] = []
  for (const { 0: piece, index, groups } of flat.matchAll(unitPattern)) {
    const to = index + piece.length
    const kind = groups?.run ? 'run' : groups?.word ? 'word' : 'emoji'
    const places = moved ?? { begins: counting, ends: countingFromOne }
    units.push({ kind, text: piece, begins: places.begins.slice(index, to), ends: places.ends.slice(index, to) })
  }
  return units
}

/** Where a word may be entered: at its beginning, and behind the article and the little words that are written onto it. */
export function entrances(word: string): number[] {
  const first = word[0] ?? ''
  if (first >= '\u0590' && first <= '\u05ff') {
    // Hebrew: the, and, in, to, from, that, as.
    return word.length >= 4 && /^[הובלמשכ]/.test(word) ? [0, 1] : [0]
  }
  if (first >= '\u0600' && first <= '\u06ff') {
    const prefix = /^(?:[وفبك]?ال|[وف]?لل|[وفبلك])(?=.{3})/.exec(word)?.[0].length ?? 0
    return prefix > 0 ? [0, prefix] : [0]
  }
  return [0]
}

/** Longer words are found by their beginning. In UTF-16 units. */
export const longestWord = 40
/** Of very long texts only so many different pieces are kept. */
export const mostPieces = 3000

/** The pieces by which a text is found: words and their entrances, pairs of characters of runs, emoji. Each once. */
export function piecesOf(units: readonly Unit[]): string[] {
  const pieces = new Set<string>()
  for (const unit of units) {
    if (pieces.size >= mostPieces) break
    if (unit.kind === 'emoji') pieces.add(unit.text)
    else if (unit.kind === 'word') for (const from of entrances(unit.text)) pieces.add(cutWord(unit.text.slice(from)))
    else {
      const characters = [...unit.text]
      // The last one alone: whoever looks for a single character finds it as the beginning of a pair, or there.
      for (let n = 0; n < characters.length; n++) pieces.add(`${characters[n]}${characters[n + 1] ?? ''}`)
    }
  }
  return [...pieces]
}

export const cutWord = (word: string): string => (word.length > longestWord ? word.slice(0, longestWord).toWellFormed() : word)
