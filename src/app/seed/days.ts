/** When messages come: by hour of the day and day of the week, growing over the months. */
import type { Random } from './random.ts'

const hourMs = 3_600_000
/** Share of a day's messages by hour (UTC). */
const byHour = [1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 19, 18, 16, 16, 17, 17, 16, 14, 12, 10, 8, 5, 3, 2]
const byWeekday = [0.4, 1.2, 1.1, 1.1, 1.05, 1, 0.6]

/** `count` moments in milliseconds, in their order, each later than the one before where there is room for it. */
export function* timesOf(random: Random, given: { from: number; to: number; count: number }): Generator<number> {
  const hours = Math.max(1, Math.ceil((given.to - given.from) / hourMs))
  const weight = (n: number): number => {
    const at = new Date(given.from + n * hourMs)
    return (byHour[at.getUTCHours()] as number) * (byWeekday[at.getUTCDay()] as number) * (1 + n / hours)
  }
  let sum = 0
  for (let n = 0; n < hours; n++) sum += weight(n)
  let [passed, made] = [0, 0]
  for (let n = 0; n < hours; n++) {
    passed += weight(n)
    const here = (n === hours - 1 ? given.count : Math.round((passed / sum) * given.count)) - made
    const begin = given.from + n * hourMs
    const length = Math.min(hourMs, given.to - begin)
    for (let k = 0; k < here; k++) yield Math.floor(begin + ((k + random.next()) / here) * length)
    made += here
  }
}
