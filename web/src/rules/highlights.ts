/** A text in pieces: those that were found, and what is between them. */
export interface Piece {
  text: string
  found: boolean
  /** Where it begins. */
  at: number
}

/** Ranges are in order and half open, in UTF-16 units; what does not fit the text is left out. */
export function piecesOf(text: string, ranges: readonly (readonly [number, number])[]): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  const add = (to: number, found: boolean) => {
    if (to > at) pieces.push({ text: text.slice(at, to), found, at })
    at = Math.max(at, to)
  }
  for (const [start, end] of ranges) {
    if (start < at || end > text.length) continue
    add(start, false)
    add(end, true)
  }
  add(text.length, false)
  return pieces
}
