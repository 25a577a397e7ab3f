/** What somebody changed about calls and has not saved: what it is, and what of it cannot be saved. Pure. */
import type { CallSettings } from '../../../client/index.ts'
import type { TextKey, Values } from '../text/t.ts'

export type CallField = keyof CallSettings
/** A number that is being typed may be empty for a while. */
export type CallDraft = { [F in CallField]: CallSettings[F] | (F extends NumberField ? '' : never) }
export type NumberField = 'ringSeconds' | 'minimumAnsweredSeconds' | 'cooldownMinutes'
export type Wrong = Partial<Record<CallField, { key: TextKey; values?: Values }>>

export const limits: Record<NumberField, { min: number; max: number }> = {
  ringSeconds: { min: 5, max: 60 },
  minimumAnsweredSeconds: { min: 1, max: 120 },
  cooldownMinutes: { min: 0, max: 10_080 },
}
const numbers = Object.keys(limits) as NumberField[]
const words = ['text', 'afterHoursText', 'greeting', 'greetingWithoutText'] as const

/** Only what differs from what is saved; an empty telephone is none. */
export function changesOf(saved: CallSettings, edits: Partial<CallDraft>): Partial<CallDraft> {
  const given = { ...edits, ...(edits.forwardTo?.trim() === '' ? { forwardTo: null } : {}) }
  return Object.fromEntries(
    Object.entries(given).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(saved[field as CallField])),
  )
}

export function wrongFields(draft: CallDraft): Wrong {
  const wrong: Wrong = {}
  // Which digits make a number of which country, the server knows.
  if (draft.forwardTo?.trim() && (draft.forwardTo.match(/\d/g) ?? []).length < 6)
    wrong.forwardTo = { key: 'callset.wrong.phone' }
  for (const field of numbers) {
    const value = draft[field]
    const { min, max } = limits[field]
    if (value === null) continue
    if (value === '' || !Number.isInteger(value) || value < min || value > max)
      wrong[field] = { key: 'callset.wrong.range', values: { min, max } }
  }
  for (const field of words) if (draft[field]?.trim() === '') wrong[field] = { key: 'callset.wrong.empty' }
  const quiet = draft.quietHours
  if (quiet && (quiet.from === quiet.to || !quiet.from || !quiet.to)) wrong.quietHours = { key: 'callset.wrong.quiet' }
  return wrong
}

/** What of the changes the server would take. */
export const soundOf = (changes: Partial<CallDraft>, wrong: Wrong): Partial<CallSettings> =>
  Object.fromEntries(Object.entries(changes).filter(([field]) => !(field in wrong)))

/** "2026-03-29" and "14:30": what the clock on the wall shows in a zone. */
export function wallClock(timeZone: string, at: number): { day: string; time: string } {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at)
  const [day = '', time = ''] = shown.split(' ')
  return { day, time }
}
