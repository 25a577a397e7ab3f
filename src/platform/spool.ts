/**
 * A folder that takes what may be neither lost nor refused while the database is away: each body is a file, whole and on the
 * disk (file and folder) before anybody is told that it was taken; afterwards all are handed on, in order where order matters,
 * and removed once whoever gets them has stored them. Killed at any moment, what was taken is there; the one that was being handed on is
 * handed on again, so that its receiver has to know it by its id.
 */
import * as nodeFiles from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '../kernel/ids.ts'
import type { Logger } from './log.ts'
import { Damaged, encode, fileName, leftBehind, read, type Spooled, type SpoolFiles, store } from './spool-files.ts'

export type { Spooled } from './spool-files.ts'

export interface Spool {
  /**
   * Resolves once it is on the disk. Rejects with SpoolFull, or where the disk does: then it was not taken. `id`: made when it
   * came, where it stands in its order by that.
   */
  put(given: Omit<Spooled, 'id'> & Partial<Pick<Spooled, 'id'>>): Promise<string>
  /** Whether what comes now has to wait behind something. */
  isBehind(source: string, order?: string): boolean
  /** How much waits, of one source or of all, and for how long the oldest of all. Bytes are those on the disk. */
  waiting(source?: string): { files: number; bytes: number; oldestMs: number }
  /** Since the start. */
  totals(): Readonly<{ taken: number; handedOn: number; refused: number; setAside: number }>
  /** Hands on what waits, now instead of at the next look. Resolves when there is nothing more, or nobody takes it. */
  drain(): Promise<void>
  stop(): Promise<void>
}

export class SpoolFull extends Error {
  constructor(bytes: number) {
    super(`Over ${bytes} bytes wait on the disk already.`)
    this.name = 'SpoolFull'
  }
}

/** The disk does not give back what it has: it may later. */
class DiskFault extends Error {}

/** Gets one; throws where it cannot be stored yet: then it, and all that comes after it, wait. */
export type Take = (item: Spooled) => Promise<void>

interface Options {
  folder: string
  log: Logger
  take: Take
  /** Whether an error of `take` goes away by waiting. What is wrong for good is set aside, so that the rest goes on. */
  isPassing: (error: unknown) => boolean
  /** Whether it is about this one alone: it waits, and those behind it in its order; all others go on. */
  isHeld?: (error: unknown) => boolean
  maxBytes: number
  everyMs?: number
  files?: SpoolFiles
}

interface Waiting {
  id: string
  source: string
  order: string | undefined
  bytes: number
  at: number
}

/** Handed on at the same time. One after the other, a busy machine would be given more than it hands on. */
const atOnce = 4

export async function openSpool(options: Options): Promise<Spool> {
  const { folder, log, files = nodeFiles } = options
  const aside = join(folder, 'failed')
  await files.mkdir(aside, { recursive: true, mode: 0o700 })
  const totals = { taken: 0, handedOn: 0, refused: 0, setAside: 0 }
  const waiting: Waiting[] = []
  const bySource = new Map<string, { files: number; bytes: number }>()
  /** How many wait of each order, by source; '' are those that have none. */
  const orders = new Map<string, Map<string, number>>()
  /** On the disk, and being written to it. */
  let used = 0
  const add = (one: Waiting): void => {
    waiting.push(one)
    const last = waiting.at(-2)
    if (last && last.id > one.id) waiting.sort((a, b) => (a.id < b.id ? -1 : 1))
    count(one, 1)
  }
  const remove = (one: Waiting): void => {
    waiting.splice(waiting.indexOf(one), 1)
    used -= one.bytes
    count(one, -1)
  }
  function count(one: Waiting, by: 1 | -1): void {
    const of = bySource.get(one.source) ?? { files: 0, bytes: 0 }
    bySource.set(one.source, { files: of.files + by, bytes: of.bytes + by * one.bytes })
    const ordered = orders.get(one.source) ?? new Map<string, number>()
    orders.set(one.source, ordered)
    const n = (ordered.get(one.order ?? '') ?? 0) + by
    if (n > 0) ordered.set(one.order ?? '', n)
    else ordered.delete(one.order ?? '')
  }
  for (const id of await leftBehind(files, folder)) {
    const item = await read(files, join(folder, fileName(id))).catch(async (error: Error) => {
      if (!(error instanceof Damaged)) throw error
      await setAside({ id, source: 'unknown' }, error)
      return undefined
    })
    if (!item) continue
    const bytes = encode(item).length
    used += bytes
    add({ id, source: item.source, order: item.order, bytes, at: item.receivedAt.getTime() })
  }
  let stopped = false
  let draining: Promise<void> | undefined

  /** The first that waits for nobody: neither for one that is being handed on, nor for one before it. */
  function nextFree(busy: ReadonlySet<Waiting>): Waiting | undefined {
    const before = createBefore()
    for (const one of waiting) {
      if (!busy.has(one) && !before.has(one)) return one
      before.add(one)
    }
    return undefined
  }

  async function setAside({ id, source }: Pick<Waiting, 'id' | 'source'>, error: Error): Promise<void> {
    totals.setAside += 1
    log.error('What was kept on the disk could not be taken in, and was set aside', {
      ...{ operation: 'spool', id, source, error: error.message },
    })
    await files.rename(join(folder, fileName(id)), join(aside, fileName(id))).catch(() => {})
  }

  /** held: it has to wait, and what is behind it in its order. away: everything has to. */
  async function handOne(next: Waiting): Promise<'done' | 'held' | 'away'> {
    try {
      const item = await read(files, join(folder, fileName(next.id))).catch((error: Error) => {
        if (error instanceof Damaged) throw error
        throw new DiskFault(error.message)
      })
      if (item) await options.take({ ...item, id: next.id })
      if (item) totals.handedOn += 1
      await files.rm(join(folder, fileName(next.id)), { force: true })
    } catch (error) {
      if (error instanceof DiskFault) throw error
      if (!(error instanceof Damaged) && options.isHeld?.(error)) return 'held'
      if (!(error instanceof Damaged) && options.isPassing(error)) return 'away'
      await setAside(next, error as Error)
    }
    remove(next)
    return 'done'
  }

  async function handOn(): Promise<void> {
    const busy = new Set<Waiting>()
    const under = new Set<Promise<void>>()
    let halted = false
    let fault: unknown
    for (;;) {
      const next = halted || stopped || under.size >= atOnce ? undefined : nextFree(busy)
      if (next) {
        busy.add(next)
        const one: Promise<void> = handOne(next)
          .then(
            (fate) => {
              halted ||= fate === 'away'
              // Not once more before the next look.
              if (fate !== 'held') busy.delete(next)
            },
            (error) => {
              halted = true
              fault = error
              busy.delete(next)
            },
          )
          .finally(() => under.delete(one))
        under.add(one)
      } else if (under.size > 0) await Promise.race(under)
      else break
    }
    if (fault) throw fault
  }
  function drain(): Promise<void> {
    draining ??= handOn()
      .catch((error: Error) => log.error('The disk could not be read', { operation: 'spool', error: error.message }))
      .finally(() => {
        draining = undefined
      })
    return draining
  }
  const timer = setInterval(() => void drain(), options.everyMs ?? 1000)
  timer.unref()

  return {
    async put({ id = newId(), ...given }) {
      const content = encode(given)
      if (used + content.length > options.maxBytes) {
        totals.refused += 1
        throw new SpoolFull(options.maxBytes)
      }
      used += content.length
      await store(files, folder, fileName(id), content).catch((error: Error) => {
        used -= content.length
        throw error
      })
      add({ id, source: given.source, order: given.order, bytes: content.length, at: given.receivedAt.getTime() })
      totals.taken += 1
      return id
    },
    isBehind(source, order) {
      const ordered = orders.get(source)
      if (!ordered || ordered.size === 0) return false
      return order === undefined || ordered.has(order) || ordered.has('')
    },
    waiting(source) {
      const counts = source === undefined ? [...bySource.values()] : [bySource.get(source) ?? { files: 0, bytes: 0 }]
      const oldest = waiting[0]
      return {
        files: counts.reduce((sum, { files: n }) => sum + n, 0),
        bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
        oldestMs: oldest ? Math.max(0, Date.now() - oldest.at) : 0,
      }
    },
    totals: () => totals,
    drain,
    async stop() {
      stopped = true
      clearInterval(timer)
      await draining
    },
  }
}

/** What stands before one in the queue, as far as it has to wait for it. */
function createBefore() {
  const sources = new Map<string, Set<string>>()
  return {
    add({ source, order }: Waiting): void {
      const orders = sources.get(source) ?? new Set()
      sources.set(source, orders.add(order ?? ''))
    },
    has({ source, order }: Waiting): boolean {
      const orders = sources.get(source)
      return orders !== undefined && (order === undefined || orders.has(order) || orders.has(''))
    },
  }
}
