/** `parley bench seed` on the command line. */
import { type Command, InvalidArgumentError } from 'commander'
import type { SeedOptions } from './report.ts'

const whole = (low: number, high: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < low || value > high)
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`)
  return value
}

function moment(text: string): Date {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('It must be a time, like 2030-01-31 or 2030-01-31T12:00:00Z.')
  return at
}

export function seedCommand(parent: Command, seed: (options: SeedOptions) => Promise<void>): void {
  parent
    .command('seed')
    .description('fill the database with a realistic store, in businesses of its own')
    .option('--messages <n>', 'how many messages', whole(1, 200_000_000), 100_000)
    .option('--tenants <n>', 'in how many businesses; the first has the most', whole(1, 50), 3)
    .option('--months <n>', 'over how many months up to now', whole(1, 60), 6)
    .option(
      '--seed <n>',
      'the same number makes the same store, people’s ids and passwords excepted',
      whole(1, 4_294_967_295),
      1,
    )
    .option('--until <time>', 'when the newest message came (default: now)', moment)
    .option('--search', 'fill the search index too, which takes longer than all the rest', false)
    .action((options: SeedOptions) => seed(options))
}
