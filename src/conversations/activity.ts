/** How much each source has sent of late, and whether it is the only one. */
export interface Activity {
  came(source: string, events: number): void
  /** A batch of this source was begun or ended. */
  batch(source: string): void
  /** Milliseconds since then; infinite where there was none. */
  sinceBatch(source: string): number
  /** Whether it has sent much of late while others sent something too. */
  busyAmongOthers(source: string): boolean
}

export function createActivity(now: () => number = () => performance.now()): Activity {
  /** What counts as of late. Milliseconds. */
  const span = 100
  /** So many events within the span is much. */
  const much = 8
  const sources = new Map<string, { level: number; at: number; batchAt: number }>()
  let latest = { source: '', at: Number.NEGATIVE_INFINITY }
  /** The latest of another source than that. */
  let other = latest

  return {
    came(source: string, events: number) {
      const at = now()
      const known = sources.get(source)
      const level = (known ? known.level * Math.exp((known.at - at) / span) : 0) + events
      sources.set(source, { level, at, batchAt: known?.batchAt ?? Number.NEGATIVE_INFINITY })
      if (latest.source !== source) other = latest
      latest = { source, at }
      if (sources.size > 10_000) for (const [key, s] of sources) if (s.at < at - 10 * span) sources.delete(key)
    },
    batch(source: string) {
      const known = sources.get(source)
      if (known) known.batchAt = now()
    },
    sinceBatch: (source: string): number => now() - (sources.get(source)?.batchAt ?? Number.NEGATIVE_INFINITY),
    busyAmongOthers(source: string): boolean {
      const known = sources.get(source)
      if (!known || known.level < much) return false
      const somebodyElse = latest.source === source ? other : latest
      return now() - somebodyElse.at < 2 * span
    },
  }
}
