/** The plans that PostgreSQL carries out, told by itself (auto_explain), with what is inside of functions. */
import pg from 'pg'
import type { TestDatabase } from './database.ts'

export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Sort Space Type'?: string
  'Temp Written Blocks'?: number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}
export interface Plan {
  sql: string
  root: PlanNode
}

/** From now on every new connection of this database tells its plans. */
export async function plansOf(db: TestDatabase): Promise<void> {
  const name = new URL(db.url).pathname.slice(1)
  await db.owner.query(`ALTER DATABASE ${name} SET session_preload_libraries = 'auto_explain'`)
  for (const [setting, value] of Object.entries({
    log_min_duration: '0',
    log_analyze: 'on',
    log_buffers: 'on',
    log_timing: 'off',
    log_nested_statements: 'on',
    log_format: 'json',
    log_level: 'notice',
  }))
    await db.owner.query(`ALTER DATABASE ${name} SET auto_explain.${setting} = '${value}'`)
}

let listening: Plan[] | null = null
/** Every connection of this process is listened to. */
const connect = pg.Client.prototype.connect
pg.Client.prototype.connect = function (this: pg.Client, ...args: never[]) {
  this.on('notice', ({ message }) => {
    const at = message?.indexOf('plan:\n') ?? -1
    if (!listening || !message || at < 0) return
    const told = JSON.parse(message.slice(at + 6)) as { 'Query Text': string; Plan: PlanNode }
    listening.push({ sql: told['Query Text'], root: told.Plan })
  })
  return (connect as (...given: never[]) => never).apply(this, args)
} as typeof connect

export async function heard(work: () => Promise<void>): Promise<Plan[]> {
  const plans: Plan[] = []
  listening = plans
  await work()
  listening = null
  return plans
}

/** Where each row more in the store is a row more to read. */
export const growing = [
  ...['messages', 'message_search', 'message_tracking', 'message_statuses', 'send_attempts', 'provider_refs', 'events'],
  ...[
    'conversations',
    'contacts',
    'contact_identities',
    'contact_search',
    'webhook_events',
    'media_objects',
    'conversation_lanes',
  ],
  ...['conversation_labels', 'calls', 'leads', 'bookings', 'occupied_times'],
]
/** Months and their default included. A label's conversations are read from where the planner likes: up to a few thousand. */
const large = new RegExp(`^(${growing.filter((name) => name !== 'conversation_labels').join('|')})(_default|_\\d{4}_\\d{2})?$`)
/** A page is at most 201 rows; a list may be put together of twelve stretches, a search goes through a stretch of what it found. */
const mostSorted = 5000
/** What is read of one table for one question at most. */
const mostRead = 50_000
/** Where few of very many fit, the list goes through a long stretch of its index: see src/inbox/list.ts. */
const walks = /^WITH walked /
/** What changes something, and what upkeep does meanwhile, shows nothing. */
const shows = (sql: string) => /^\s*(SELECT|WITH)\b/.test(sql) && !/\b(DELETE|INSERT|UPDATE|FROM ONLY)\b/.test(sql)

export function faultsOf({ sql, root }: Plan): string[] {
  if (!shows(sql)) return []
  const faults: string[] = []
  const read = new Map<string, number>()
  const visit = (node: PlanNode): void => {
    const { 'Node Type': type, 'Relation Name': table = '' } = node
    const loops = node['Actual Loops'] ?? 1
    const rows = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * loops
    const parent = large.exec(table)?.[1]
    if (parent) read.set(parent, (read.get(parent) ?? 0) + rows)
    // A month that begins or is nearly empty is rightly read as it is.
    if (type === 'Seq Scan' && parent && rows / loops > 3000) faults.push(`reads all of ${table}`)
    if (node['Sort Space Type'] === 'Disk' || (node['Temp Written Blocks'] ?? 0) > 0) faults.push('spills to disk')
    const below = node.Plans?.[0]
    const sorted = (below?.['Actual Rows'] ?? 0) * (below?.['Actual Loops'] ?? 1)
    if (type === 'Sort' && sorted > (walks.test(sql) ? mostRead : mostSorted)) faults.push(`sorts ${sorted} rows`)
    for (const child of node.Plans ?? []) visit(child)
  }
  visit(root)
  for (const [table, rows] of read) if (rows > mostRead) faults.push(`reads ${rows} rows of ${table}`)
  return faults.map((fault) => `${fault}: ${sql.replace(/\s+/g, ' ').slice(0, 160)}`)
}
