/**
 * How a text travels in SMS. The network carries 140 bytes at once: 160 characters of the GSM alphabet, or 70 of UTF-16 as soon as
 * one character is not in it. What is longer goes in several, each with a head that says which it is.
 */

export interface Segments {
  encoding: 'GSM-7' | 'UCS-2'
  /** How many messages the network charges; none for an empty text. */
  segments: number
  /** Places that the text takes: some characters of the GSM alphabet take two, as do those beyond 16 bits in UCS-2. */
  units: number
  /** Places in each of so many. */
  perSegment: number
  /** Places left before one more is needed. */
  left: number
}

/** GSM 03.38, in order; the escape at 27 is not a character. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Each after an escape, which takes a place. */
const extension = new Set('\f^{}\\[~]|€')

const limits = { 'GSM-7': { one: 160, several: 153 }, 'UCS-2': { one: 70, several: 67 } } as const

export function segmentsOf(text: string): Segments {
  const characters = [...text]
  const encoding = characters.every((one) => basic.has(one) || extension.has(one)) ? 'GSM-7' : 'UCS-2'
  const sizes = characters.map((one) => (encoding === 'UCS-2' ? one.length : extension.has(one) ? 2 : 1))
  const units = sizes.reduce((sum, size) => sum + size, 0)
  const { one, several } = limits[encoding]
  if (units <= one) return { encoding, segments: units === 0 ? 0 : 1, units, perSegment: one, left: one - units }
  return { encoding, units, perSegment: several, ...packed(sizes, several) }
}

/** A character of two places is never cut in two: what does not fit begins the next. */
function packed(sizes: readonly number[], perSegment: number): { segments: number; left: number } {
  let segments = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > perSegment) {
      segments += 1
      used = 0
    }
    used += size
  }
  return { segments, left: perSegment - used }
}
