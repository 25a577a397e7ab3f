/** Rows of a report as the API gives them: names in its style, times as text. */
import type { Row } from './store.ts'

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** Only what the answer's schema names leaves: routes' schemas cut the rest off. */
export const view = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [camel(name), value instanceof Date ? value.toISOString() : value]),
  )

/** The cursor of the page after these rows; null where they are the last. */
export const nextOf = (rows: readonly Row[], limit: number): string | null =>
  rows.length < limit ? null : ((rows.at(-1)?.place as string | undefined) ?? null)

const stages = ['total', 'sent', 'delivered', 'read', 'failed', 'waiting'] as const

/** The stages of several businesses added up. */
export function addUp(rows: readonly Row[]): Row {
  const sums: Record<string, number> = {}
  for (const stage of stages) sums[stage] = rows.reduce((sum, row) => sum + Number(row[stage]), 0)
  const { total = 0, delivered = 0 } = sums
  return { ...sums, delivery_rate: total === 0 ? null : Math.round((delivered / total) * 10_000) / 100 }
}
