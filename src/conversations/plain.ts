/** What the short ways into the database have in common. */

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
