/** `parley maintain`: upkeep by hand. */
import { join } from 'node:path'
import pg from 'pg'
import { createFolderStore } from '../platform/blobs.ts'
import type { Config } from '../platform/config.ts'
import { partitionedTables } from '../platform/db/partitions.ts'
import type { Database } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { oldMonths, retentionPlan } from '../upkeep/retention.ts'
import { runUpkeep } from '../upkeep/run.ts'
import { attention, readState } from '../upkeep/state.ts'
import { createProgress, type Progress } from './progress.ts'

type Say = (text: string) => void

/** Exit code: 0 when everything is in order afterwards. */
export async function maintain(
  given: { db: Database; ownerUrl: string; config: Config; now?: Date },
  options: { dryRun?: boolean },
  say: Say,
): Promise<number> {
  const { db, ownerUrl, config, now = new Date() } = given
  if (options.dryRun) {
    await preview(ownerUrl, now, say)
    return 0
  }
  const bars = progressBars()
  const report = await runUpkeep(
    {
      db,
      ownerUrl,
      files: createFolderStore(join(config.PARLEY_DATA_DIR, 'files')),
      log: createLogger({ level: 'ERROR' }),
    },
    { now, onProgress: bars.show },
  ).finally(bars.end)
  if (!report) {
    say('Another process is at it.')
    return 1
  }
  for (const { parent, made, moved } of report.partitions)
    say(
      `${parent}: ${made.length === 0 ? 'nothing to make' : `made ${made.join(', ')}`}${moved > 0 ? `, moved ${moved} rows` : ''}.`,
    )
  const { rows = {}, files = 0, months = [] } = report.retention ?? {}
  if (months.length > 0) say(`Dropped ${months.join(', ')}.`)
  for (const [kind, n] of Object.entries(rows)) say(`Removed ${n} of ${kind}.`)
  if (files > 0) say(`Removed ${files} file${files === 1 ? '' : 's'}.`)
  const left = attention(await readState(db, now), now)
  for (const line of left) say(line)
  return left.length === 0 ? 0 : 1
}

/** One bar after the other, by step. */
function progressBars() {
  let current: { step: string; bar: Progress } | undefined
  return {
    show({ step, done, total }: { step: string; done: number; total: number }) {
      if (current?.step !== step) {
        current?.bar.end()
        current = { step, bar: createProgress(step) }
      }
      current.bar.show({ done, total })
    },
    end: () => current?.bar.end(),
  }
}

/** What would be done, from the catalogue and the settings alone. */
async function preview(ownerUrl: string, now: Date, say: Say): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'parley-upkeep' })
  await client.connect()
  try {
    for (const parent of await partitionedTables(client)) {
      const { rows } = await client.query<{ missing: string[] | null; size: string; small: boolean }>(
        `SELECT (SELECT array_agg(parley.month_partition(r.parent, m) ORDER BY m)
                   FROM generate_series(date_trunc('month', $2::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC',
                          (date_trunc('month', $2::timestamptz AT TIME ZONE 'UTC') + make_interval(months => r.months_ahead)) AT TIME ZONE 'UTC', interval '1 month') AS m
                  WHERE NOT EXISTS (SELECT FROM parley.month_partitions(r.parent) x WHERE x.from_at = m)) AS missing,
                pg_size_pretty(pg_relation_size(('parley.' || quote_ident(r.parent || '_default'))::regclass)) AS size,
                parley.default_is_small(r.parent) AS small
           FROM parley.partition_rules r WHERE r.parent = $1`,
        [parent, now],
      )
      const found = rows[0]
      say(`${parent}: would make ${found?.missing?.join(', ') ?? 'no month ahead'}.`)
      if (found && !found.small) say(`${parent}: would move ${found.size} out of its DEFAULT partition, in steps.`)
    }
    const plans = await retentionPlan(client, now)
    say(`${plans.length} businesses, ${plans.filter((plan) => plan.held).length} of them held.`)
    for (const month of await oldMonths(client, now)) {
      const { rows } = await client.query<{ over: boolean }>('SELECT parley.month_is_over($1, $2::date, $3) AS over', [
        month.parent,
        month.month,
        now,
      ])
      say(rows[0]?.over ? `Would drop ${month.name}.` : `Would remove rows of ${month.name} whose time is over.`)
    }
  } finally {
    await client.end()
  }
}
