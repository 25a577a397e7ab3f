/** How upkeep stands: read cheaply, judged in one place. */
import type { Database } from '../platform/db/tx.ts'
import type { UpkeepView } from './schema.ts'

export interface UpkeepState {
  tables: { parent: string; months_ahead: number; months: number; rows_in_default: number; draining: boolean }[]
  tasks: { task: string; began_at: Date; ended_at: Date | null; error: string | null; done: Record<string, unknown> }[]
}

/** With fewer months ahead, somebody has to look: upkeep has not worked for months. */
const fewestAhead = 2
/** Upkeep runs daily. */
const latestMs = 3 * 86_400_000

export async function readState(db: Database, now = new Date()): Promise<UpkeepState> {
  const tables = await db.pool.query<UpkeepState['tables'][number]>('SELECT * FROM partition_state($1)', [now])
  const tasks = await db.pool.query<UpkeepState['tasks'][number]>(
    'SELECT task, began_at, ended_at, error, done FROM upkeep ORDER BY task',
  )
  return { tables: tables.rows, tasks: tasks.rows }
}

/** What needs somebody's attention, in words for those who run the server. */
export function attention(state: UpkeepState, now = new Date()): string[] {
  const found: string[] = []
  for (const { parent, months_ahead, rows_in_default } of state.tables) {
    if (months_ahead < fewestAhead)
      found.push(`${parent} has ${Math.max(0, months_ahead)} months ahead; there should be six. Run parley maintain.`)
    if (rows_in_default > 0)
      found.push(
        `Rows of ${parent} wait in its DEFAULT partition (${rows_in_default >= 1000 ? 'a thousand or more' : rows_in_default}). Run parley maintain.`,
      )
  }
  for (const { task, began_at, error } of state.tasks) {
    if (error) found.push(`Upkeep (${task}) failed: ${error}`)
    else if (now.getTime() - began_at.getTime() > latestMs)
      found.push(`Upkeep (${task}) last ran on ${began_at.toISOString().slice(0, 10)}.`)
  }
  return found
}

export const upkeepView = (state: UpkeepState): UpkeepView => ({
  attention: attention(state),
  tables: state.tables.map((table) => ({
    table: table.parent,
    monthsAhead: table.months_ahead,
    months: table.months,
    rowsInDefault: table.rows_in_default,
    draining: table.draining,
  })),
  tasks: state.tasks.map((task) => ({
    task: task.task,
    beganAt: task.began_at.toISOString(),
    endedAt: task.ended_at?.toISOString() ?? null,
    error: task.error,
    done: task.done,
  })),
})
