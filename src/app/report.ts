/** `parley report <name>`: the reports of a business, or of all of them, on the command line. */
import { isUuid } from '../kernel/ids.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { readFunnel } from '../reports/funnel.ts'
import { funnelDays, mostDays, stretchOf } from '../reports/schema.ts'
import * as store from '../reports/store.ts'
import { findTenantRow } from '../tenancy/tenant-lookup.ts'

export interface ReportOptions {
  business?: string
  from?: string
  to?: string
  days: number
  limit: number
  json?: boolean
}

type Of<A> = (on: A, options: ReportOptions) => Promise<store.Row[]>
const first = ({ limit }: ReportOptions): store.PageWish => ({ limit, after: null })

const ofBusiness: Record<string, Of<Tx>> = {
  'active-conversations': (tx, options) => store.activeConversations(tx, tx.tenantId, first(options)),
  'newest-messages': (tx, options) => store.newestMessages(tx, tx.tenantId, first(options)),
  delivery: (tx, options) => store.delivery(tx, tx.tenantId, stretch(options)),
  statuses: (tx, options) => store.statuses(tx, tx.tenantId, stretch(options)),
  volume: (tx, { days }) => store.volume(tx, tx.tenantId, days),
  funnel: (tx, options) => funnelOf(tx, options),
  campaigns: (tx) => store.activeCampaigns(tx, tx.tenantId),
  automations: (tx) => store.automations(tx, tx.tenantId),
}
const ofAll: Record<string, Of<Database['pool']>> = {
  delivery: (pool, options) => store.deliveryByTenant(pool, stretch(options)),
  statuses: (pool, options) => store.statusesOfAll(pool, stretch(options)),
  volume: (pool, { days }) => store.volumeOfAll(pool, days),
  tables: (pool) => store.tableSizes(pool),
  indexes: (pool) => store.indexUsage(pool),
  connections: (pool) => store.connections({ pool }),
}
export const reportNames = [...new Set([...Object.keys(ofBusiness), ...Object.keys(ofAll)])]

function stretch(options: ReportOptions): store.Stretch {
  const { from, to } = stretchOf(options)
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()) || from >= to)
    throw new Error('--from and --to are times, like 2030-01-31, and --from is the earlier one.')
  return { from, to }
}

/** Days of the business, as the API has them, and all of them together at the end. */
async function funnelOf(tx: Tx, { from, to, days }: ReportOptions): Promise<store.Row[]> {
  const asked = funnelDays.safeParse({ from, to })
  if (!asked.success) throw new Error('--from and --to are days, like 2030-01-31, and --from is the earlier one.')
  const found = await readFunnel(tx, { from, to, days })
  const row = ({ date, ...steps }: (typeof found.days)[number]) => ({ date, ...steps })
  return [...found.days.map(row), { date: 'all', ...found.all }]
}
export async function report(db: Database, name: string, options: ReportOptions, say: (text: string) => void): Promise<void> {
  const rows = await rowsOf(db, name, options)
  if (options.json) return say(JSON.stringify(rows))
  say(rows.length === 0 ? 'Nothing.' : table(rows.map(({ place: _, ...row }) => row)))
}

async function rowsOf(db: Database, name: string, options: ReportOptions): Promise<store.Row[]> {
  if (!reportNames.includes(name)) throw new Error(`There is no report ${name}. There are: ${reportNames.join(', ')}.`)
  if (options.days > mostDays) throw new Error(`--days is at most ${mostDays}.`)
  if (options.business === undefined) {
    const all = ofAll[name]
    if (!all) throw new Error(`${name} is a report of one business: say which with --business.`)
    return await all(db.pool, options)
  }
  const own = ofBusiness[name]
  if (!own) throw new Error(`${name} is a report of the server, not of a business.`)
  const row = await findTenantRow(db, isUuid(options.business) ? 'id' : 'public_id', options.business)
  if (!row) throw new Error(`There is no business ${options.business}.`)
  return await inTenant(db, row.id, (tx) => own(tx, options))
}

const text = (value: unknown): string =>
  value === null ? '–' : value instanceof Date ? value.toISOString() : String(value).replace(/\s+/g, ' ')
const widest = 60

/** Columns under each other, numbers to the right. */
export function table(rows: readonly store.Row[]): string {
  const names = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => names.map((name) => [...text(row[name])].slice(0, widest).join('')))
  const widths = names.map((name, n) => Math.max(name.length, ...cells.map((line) => [...(line[n] ?? '')].length)))
  const right = names.map((name) => rows.every((row) => row[name] === null || typeof row[name] === 'number'))
  const line = (parts: readonly string[]) =>
    parts
      .map((part, n) => {
        const space = ' '.repeat(Math.max(0, (widths[n] ?? 0) - [...part].length))
        return right[n] ? space + part : part + space
      })
      .join('  ')
      .trimEnd()
  return [line(names), ...cells.map(line)].join('\n')
}
