/** A text too long for one message, as several. Pure. */
import { cut } from '../kernel/read.ts'

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' })

/**
 * Pieces of at most `max` UTF-16 units, together all of the text but the white space between them. Broken at the end of a
 * paragraph, a line, a sentence or a word, where one is in the second half of the piece; else between characters as people
 * see them.
 */
export function splitText(text: string, max: number): string[] {
  const pieces: string[] = []
  let rest = text.trim()
  while (rest.length > max) {
    const end = breakOf(rest, max)
    pieces.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  return [...pieces, rest].filter((piece) => piece !== '')
}

/** Where the first piece ends. */
function breakOf(text: string, max: number): number {
  const piece = text.slice(0, max)
  const breaks = [
    () => lastAfter(piece, '\n\n'),
    () => lastAfter(piece, '\n'),
    () => lastSentence(piece),
    () => lastWord(piece),
  ]
  for (const find of breaks) {
    const end = find()
    // A mark that combines with the white space before it would stand alone.
    if (end > max / 2 && !/^\p{M}/u.test(text.slice(end, end + 2))) return end
  }
  return Math.max(1, cut(text, max).length)
}

const lastAfter = (piece: string, mark: string): number => piece.lastIndexOf(mark) + (piece.includes(mark) ? mark.length : 1)

/** The last segment may go on behind the piece: it begins where the last whole sentence ends. */
const lastSentence = (piece: string): number => [...sentences.segment(piece)].at(-1)?.index ?? 0

const lastWord = (piece: string): number => (/^.*\s/su.exec(piece)?.[0] ?? '').length
