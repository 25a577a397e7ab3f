/** Looking for phrases in what people write. Pure. */

/** Small letters, no accents, no punctuation, one space between words and at both ends. */
export const plain = (text: string): string =>
  ` ${text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’'`´]/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `

/** A list as it is written in the tables: phrases between bars, in any language. A phrase is found as whole words only, a longer one before one that is part of it. */
export const phrases = (...lists: string[]): readonly string[] =>
  lists
    .flatMap((list) => list.split('|'))
    .map(plain)
    .filter((phrase) => phrase.trim() !== '')
    .sort((a, b) => b.length - a.length)

/** The first phrase that the text has. `text` is as `plain` makes it. */
export const find = (text: string, list: readonly string[]): string | undefined =>
  list.find((phrase) => text.includes(phrase))?.trim()

/** The text without these phrases: what is denied is not said. */
export const without = (text: string, list: readonly string[]): string =>
  list.reduce((rest, phrase) => rest.replaceAll(phrase, ' '), text)
