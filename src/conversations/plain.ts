/** What the short ways into the database have in common. */
import type { Arrays } from '../platform/db/arrays.ts'
import { beginnings, type SignedWebhook } from './batch.ts'

/** What their functions raise where something in the batch is not that simple. */
export const notPlain = 'PA001'

/** As times leave a program, in years that are exact in a number of microseconds. */
const isoTime = /^(19[7-9]|2[01]\d)\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Every other time, and what is none, is for the database to read or to refuse: JavaScript takes 30 February. */
function isPlainTime(time: string): boolean {
  const ms = isoTime.test(time) ? Date.parse(time) : Number.NaN
  return Number.isFinite(ms) && new Date(ms).toISOString() === time
}

/** Whether times can be written as numbers. Of a batch nearly all are of one second or two. */
export function createPlainTimes(): (time: string) => boolean {
  const plain = new Set<string>()
  return (time) => plain.has(time) || (isPlainTime(time) && plain.add(time).size > 0)
}

export const bytesOf = (batch: readonly SignedWebhook[]): number => batch.reduce((sum, { rawBody }) => sum + rawBody.length, 0)

/** What is kept of raw webhooks, as rawColumns() has it, in binary: ids, labels, headers, where each body begins and its length, and the bodies. */
export function rawArrays(arrays: Arrays, batch: readonly SignedWebhook[]): Buffer[] {
  const lengths = batch.map(({ rawBody }) => rawBody.length)
  return [
    arrays.uuid(batch.map((w) => w.id)),
    arrays.text(batch.map((w) => w.parsed.label ?? null)),
    arrays.text(batch.map((w) => JSON.stringify(w.headers))),
    arrays.int(beginnings(lengths)),
    arrays.int(lengths),
    Buffer.concat(batch.map(({ rawBody }) => rawBody)),
  ]
}
