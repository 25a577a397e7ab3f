/** From calls to jobs: what became of the calls of some days, each step with what it is worth. */
import { stringify } from 'csv-stringify/sync'
import type { Tx } from '../platform/db/tx.ts'
import type { Funnel } from './schema.ts'
import * as store from './store.ts'

export interface FunnelDays {
  from?: string | undefined
  to?: string | undefined
  /** Where `from` is not named. */
  days?: number
}

const steps = [
  'calls',
  'missed',
  'texted',
  'replied',
  'talked',
  'leads',
  'qualified',
  'scheduled',
  'completed',
  'lost',
] as const

/** The last days where none are named; days are those of the business's own calendar. */
export async function readFunnel(
  tx: Pick<Tx, 'query' | 'tenantId'>,
  given: FunnelDays,
  now: Date = new Date(),
): Promise<Funnel> {
  const { zone, from, to } = await store.funnelDays(tx, tx.tenantId, given, now)
  const [rows, lost] = [await store.funnel(tx, tx.tenantId, from, to), await store.lostLeads(tx, tx.tenantId, from, to)]
  const days = rows.map((row) => ({
    ...counted((step) => Number(row[step])),
    date: row.date as string,
    estimatedValue: Number(row.estimated_value),
    wonValue: Number(row.won_value),
  }))
  const sum = (name: keyof Funnel['all']) => days.reduce((all, day) => all + day[name], 0)
  return {
    ...{ zone, from, to, days },
    all: { ...counted(sum), estimatedValue: cents(sum('estimatedValue')), wonValue: cents(sum('wonValue')) },
    lost: lost.map((row) => ({
      ...{ reason: row.reason as string, leads: Number(row.leads), estimatedValue: Number(row.estimated_value) },
    })),
  }
}

type Step = (typeof steps)[number]
const counted = (of: (step: Step) => number): Record<Step, number> =>
  Object.fromEntries(steps.map((step) => [step, of(step)])) as Record<Step, number>

const cents = (value: number): number => Math.round(value * 100) / 100

/** One line a day and one for all of them; what looks like a formula is text there. */
export const funnelCsv = ({ days, all, from, to }: Funnel): string =>
  stringify(
    [...days, { date: `${from} – ${to}`, ...all }].map((day) => [
      ...[day.date, ...steps.map((step) => day[step]), day.estimatedValue, day.wonValue],
    ]),
    { header: true, columns: ['date', ...steps, 'estimated_value', 'won_value'], escape_formulas: true, bom: true },
  )
