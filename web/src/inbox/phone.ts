/** A typed number as E.164, or null when it is not one with a country code. The server checks it further. */
export function phoneOf(typed: string): string | null {
  const bare = typed
    .trim()
    .replace(/[\s().\-/]/g, '')
    .replace(/^00/, '+')
  return /^\+[1-9]\d{6,14}$/.test(bare) ? bare : null
}
