/** `parley db …` on the command line. */
import type { Command } from 'commander'
import { backup, restore } from './backup.ts'
import { schemaSql } from './print-schema.ts'
import { tidy } from './tidy.ts'

type Say = (text: string) => void
/** Gives the owner's address of the database: brought up to date, or as it is. */
type WithOwner = (work: (ownerUrl: string) => Promise<void>) => Promise<void>

export function dbCommands(parent: Command, given: { migrated: WithOwner; asItIs: WithOwner; say: Say }): void {
  const { migrated, asItIs, say } = given
  parent
    .command('sql')
    .description('print the whole schema as SQL, to apply it by hand')
    .action(async () => say(await schemaSql()))
  parent
    .command('analyze [table]')
    .description('count anew what the planner goes by')
    .action((table?: string) => migrated((url) => tidy(url, 'analyze', table, say)))
  parent
    .command('vacuum [table]')
    .description('make the room of what was removed usable again, beside running servers')
    .option('--full', 'give it back to the system: writes tables anew and LOCKS them meanwhile')
    .action((table: string | undefined, options: { full?: boolean }) =>
      migrated((url) => tidy(url, options.full ? 'full' : 'vacuum', table, say)),
    )
  parent
    .command('backup <file>')
    .description('write the database into a file, beside running servers (pg_dump)')
    .option('--plain', 'as SQL instead of compressed')
    .option('--table <name>', 'only this table')
    .action((file: string, options: { plain?: boolean; table?: string }) =>
      asItIs((url) =>
        backup(
          url,
          { file, format: options.plain ? 'plain' : 'compressed', ...(options.table ? { table: options.table } : {}) },
          say,
        ),
      ),
    )
  parent
    .command('restore <file>')
    .description('put a backup in the place of what is there (pg_restore or psql); no server may run')
    .option('--yes', 'also where something is')
    .action((file: string, options: { yes?: boolean }) =>
      asItIs(async (url) => {
        process.exitCode = await restore(url, { file, yes: options.yes ?? false }, say)
      }),
    )
}
