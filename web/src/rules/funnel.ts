/** How the numbers from calls to jobs are drawn. Pure. */
import type { Funnel } from '../../../client/index.ts'

/** Days. Which these are, the server knows by the business's calendar. */
export const periods = [7, 30, 90, 365] as const

export const steps = [
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
export type FunnelStep = (typeof steps)[number]

/** Of which step each is a part: leads are of missed calls, whether anybody wrote or not. */
const partOf: Partial<Record<FunnelStep, FunnelStep>> = {
  missed: 'calls',
  texted: 'missed',
  replied: 'texted',
  talked: 'replied',
  leads: 'missed',
  qualified: 'leads',
  scheduled: 'qualified',
  completed: 'scheduled',
  lost: 'leads',
}

export interface DrawnStep {
  step: FunnelStep
  count: number
  of: FunnelStep | null
  /** 0 to 1; null where there is nothing to divide by. */
  share: number | null
  /** Of the widest, 0 to 1. */
  width: number
}

export function stepsOf(all: Funnel['all']): DrawnStep[] {
  const most = Math.max(1, ...steps.map((step) => all[step]))
  return steps.map((step) => {
    const of = partOf[step] ?? null
    const whole = of === null ? 0 : all[of]
    return { step, count: all[step], of, share: whole > 0 ? all[step] / whole : null, width: all[step] / most }
  })
}

export interface DayBar {
  date: string
  calls: number
  missed: number
  /** Of the day with the most calls, 0 to 1. */
  height: number
  missedShare: number
}

export function dayBars(days: Funnel['days']): DayBar[] {
  const most = Math.max(1, ...days.map(({ calls }) => calls))
  return days.map(({ date, calls, missed }) => ({
    ...{ date, calls, missed, height: calls / most, missedShare: calls > 0 ? missed / calls : 0 },
  }))
}

/** What the address says, without what it should not. */
export function readPeriod(search: Record<string, unknown>): { days?: number } {
  const days = periods.find((one) => one === Number(search.days))
  return days === undefined || days === 30 ? {} : { days }
}
