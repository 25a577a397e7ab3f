/** A person's names and numbers as searching sees them: any part of them finds the person. Pure. */

import type { Wanted } from './search-phrases.ts'
import { fold, mostPieces } from './search-text.ts'

/** Words that are looked for at most. */
const mostWords = 12

/** A contact's names and numbers as one text: each on a line of its own, numbers and ids as bare characters. */
export const foldPerson = (names: readonly (string | null)[], numbers: readonly string[]): string =>
  [...new Set([...names.flatMap((name) => (name ? [wordsOf(name)] : [])), ...numbers.map(wordsOf)])].join('\n')

/** Control characters are nothing that one looks for, and one of them stands between tokens on their way to the index. */
const wordsOf = (text: string): string =>
  fold(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()

/** Every three characters that follow each other; at the end of a line also the last two and the last. Each once. */
export function triplesOf(foldedText: string): string[] {
  const triples = new Set<string>()
  for (const line of foldedText.split('\n')) {
    const characters = [...line]
    for (let n = 0; n < characters.length && triples.size < mostPieces; n++) triples.add(characters.slice(n, n + 3).join(''))
  }
  return [...triples]
}

/** Parts that all have to be in a contact's text; several such lists where what was typed may also be a number. */
export function personParts(typed: string): string[][] {
  const words = wordsOf(typed)
    .split(' ')
    .filter((word) => word !== '')
    .slice(0, mostWords)
  const alternatives = words.length > 0 ? [words] : []
  if (/^[+\d\s().\-/]+$/.test(words.join(' '))) {
    const digits = words.join('').replace(/\D/g, '')
    // As it is dialled here: the zeros before it are not part of the number.
    for (const number of new Set([digits, digits.replace(/^0+/, '')])) if (number.length >= 2) alternatives.push([number])
  }
  return alternatives
}

/** What the triples of every text with this part contain. */
export function wantedTriples(part: string): Wanted[] {
  const characters = [...part]
  if (characters.length <= 3) return [{ piece: part, prefix: characters.length < 3 }]
  return characters.slice(2).map((_, n) => ({ piece: characters.slice(n, n + 3).join(''), prefix: false }))
}
