/** The arguments of `parley dlq …`. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { reasons } from '../dead-letters/schema.ts'
import type { Database } from '../platform/db/tx.ts'
import { type DlqOptions, listDeadLetters, showDeadLetter, workOff } from './dead-letters.ts'

interface Given {
  withDatabase: (work: (on: { db: Database; ownerUrl: string }) => Promise<void>) => Promise<void>
  say: (text: string) => void
}

export function dlqCommands(dlq: Command, { withDatabase, say }: Given): void {
  const filtered = (command: Command): Command =>
    command
      .option('--business <id>', 'of this business; without it those of which it is not known whose they are')
      .option('--reason <reason>', reasons.join(', '))
      .option('--source <source>', 'where it came from, for example webhook:whatsapp-cloud')
  filtered(dlq.command('list').description('newest first'))
    .option('--state <state>', 'open, waiting, replayed or discarded', 'open')
    .option('--limit <n>', 'how many', Number, 50)
    .option('--json', 'as one line of JSON')
    .action((options: DlqOptions) => withDatabase(({ db }) => listDeadLetters(db, options, say)))
  dlq
    .command('show <id>')
    .description('one with its payload, what became of it, and the webhook that brought it')
    .option('--business <id>', 'whose it is')
    .action((id: string, options: DlqOptions) => withDatabase(({ db }) => showDeadLetter(db, id, options, say)))
  for (const what of ['replay', 'discard'] as const) {
    const command = filtered(
      dlq
        .command(`${what} [id]`)
        .description(
          what === 'replay' ? 'take one in again, or all of a filter' : 'close one without taking it in, or all of a filter',
        ),
    ).option('--all', 'every open one of the filter')
    if (what === 'replay') command.option('--payload <file>', 'with this payload instead: a file with JSON')
    else command.option('--note <text>', 'why')
    command.action((id: string | undefined, { payload, ...options }: DlqOptions & { payload?: string }) =>
      withDatabase(async (on) => {
        const mended = payload ? { payload: JSON.parse(await readFile(payload, 'utf8')) as unknown } : {}
        process.exitCode = await workOff(on, what, id, { ...options, ...mended }, say)
      }),
    )
  }
}
