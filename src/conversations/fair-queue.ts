/**
 * What waits to be stored, by where it comes from. A batch takes one of each in turn, so that whoever sends much waits for
 * itself and not others for it; within one source the order stays.
 */
export interface Sized {
  /** Whose it is as far as can be told before it is stored: a tenant's app, or an account of the platform's app. */
  source: string
  events: number
  bytes: number
}

export interface FairLimits {
  /** Events in a batch of one source alone, and in one of several: who shares waits for less. */
  batchEvents: number
  sharedBatchEvents: number
  batchBytes: number
}

export interface FairQueue<T extends Sized> {
  add(item: T): void
  /**
   * `large`: whether one that fills a batch by itself may be taken; such a one goes alone. `may`: whether this source, of which
   * so many events wait, may have a place in this batch. `apart`: whether it shares its batches only with those that go apart
   * too. `free`: whether one may go now; if not, all behind it of its source wait as well. Empty where nothing may go.
   */
  nextBatch(
    large: boolean,
    may?: (source: string, events: number) => boolean,
    apart?: (source: string) => boolean,
    free?: (item: T) => boolean,
  ): T[]
  size(): number
  /** The first of each source: what waited longest is one of them. */
  firsts(): T[]
  /** Bytes of one source that wait. */
  bytesOf(source: string): number
}

/** One without events still has its raw body to be stored. */
const sizeOf = (item: Sized): number => Math.max(1, item.events)

interface Line<T> {
  items: T[]
  /** Before it everything was taken: taking the first of a long array would move all others. */
  head: number
  events: number
  bytes: number
}

export function createFairQueue<T extends Sized>(limits: FairLimits): FairQueue<T> {
  /** In the order in which sources are next. */
  const lines = new Map<string, Line<T>>()
  let count = 0

  /** Takes the first of a line; the source goes behind all others. */
  function take(source: string, line: Line<T>): T {
    const item = line.items[line.head] as T
    line.head += 1
    line.bytes -= item.bytes
    line.events -= sizeOf(item)
    count -= 1
    lines.delete(source)
    if (line.head === line.items.length) return item
    if (line.head > 1000) {
      line.items.splice(0, line.head)
      line.head = 0
    }
    lines.set(source, line)
    return item
  }

  function firstBut(passedOver: ReadonlySet<string>): [string, Line<T>] | undefined {
    for (const entry of lines) if (!passedOver.has(entry[0])) return entry
    return undefined
  }

  return {
    add(item) {
      const line = lines.get(item.source) ?? { items: [], head: 0, events: 0, bytes: 0 }
      line.items.push(item)
      line.bytes += item.bytes
      line.events += sizeOf(item)
      lines.set(item.source, line)
      count += 1
    },
    nextBatch(large, may = () => true, apart = () => false, free = () => true) {
      const batch: T[] = []
      let events = 0
      let bytes = 0
      const most = lines.size > 1 ? limits.sharedBatchEvents : limits.batchEvents
      /** Those that may not, or whose first one fills a batch by itself or is not free. */
      const passedOver = new Set<string>()
      for (const [source, { events: waiting }] of lines) if (!may(source, waiting)) passedOver.add(source)
      for (let next = firstBut(passedOver); next; next = firstBut(passedOver)) {
        const [source, line] = next
        const item = line.items[line.head] as T
        if (!free(item)) {
          passedOver.add(source)
          continue
        }
        if (item.events > limits.batchEvents) {
          if (batch.length === 0 && large) return [take(source, line)]
          passedOver.add(source)
          continue
        }
        const size = sizeOf(item)
        if (batch.length > 0 && (events + size > most || bytes + item.bytes > limits.batchBytes)) break
        if (batch.length === 0) {
          // Who shares waits for all that it shares with: those who send much do so among themselves.
          const alone = apart(source)
          for (const other of lines.keys()) if (apart(other) !== alone) passedOver.add(other)
        }
        events += size
        bytes += item.bytes
        batch.push(take(source, line))
      }
      return batch
    },
    size: () => count,
    firsts: () => [...lines.values()].map(({ items, head }) => items[head] as T),
    bytesOf: (source) => lines.get(source)?.bytes ?? 0,
  }
}
