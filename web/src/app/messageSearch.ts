/** What the address of the search page says. */
/** In days. */
export const periods = { week: 7, month: 30, year: 365 } as const
export type Period = keyof typeof periods

export interface MessageSearch {
  q?: string
  /** A contact. */
  with?: string
  /** An account of the business. */
  over?: string
  /** How far back; absent: all. */
  since?: Period
}

export function readMessageSearch(search: Record<string, unknown>): MessageSearch {
  const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
  const [q, contact, account] = [text(search.q), text(search.with), text(search.over)]
  const since = (Object.keys(periods) as Period[]).find((one) => one === search.since)
  return {
    ...(q ? { q } : {}),
    ...(contact ? { with: contact } : {}),
    ...(account ? { over: account } : {}),
    ...(since ? { since } : {}),
  }
}

const dayMs = 86_400_000

/** From the beginning of a day, so that the same question stays the same. */
export const beginningOf = (since: Period, now: number): string =>
  new Date(Math.floor(now / dayMs) * dayMs - periods[since] * dayMs).toISOString()
