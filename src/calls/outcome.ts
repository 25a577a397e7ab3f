/** What a call event says of how the call ended, and which of several counts. Pure. */
import type { CallEvent } from '../ports/telephony.ts'
import type { Outcome } from './decision.ts'

/** dialled: how ringing the business ended; ended: how the caller's leg did; silence: nothing more was told. */
export type OutcomeBy = 'dialled' | 'ended' | 'silence'

const weight: Record<OutcomeBy, number> = { silence: 0, ended: 1, dialled: 2 }
/** Whether what is told now counts more than what is known. The same told again changes nothing. */
export const outweighs = (now: OutcomeBy, known: OutcomeBy | null): boolean => known === null || weight[now] > weight[known]

type Dialled = Extract<CallEvent, { kind: 'dialled' }>
const byResult: Record<Exclude<Dialled['result'], 'answered'>, Outcome> = {
  not_bridged: 'voicemail',
  busy: 'busy',
  no_answer: 'no_answer',
  failed: 'failed',
  canceled: 'canceled',
}

/** `minimumSeconds`: a shorter talk counts as missed; null: none does. */
export function dialledOutcome(event: Pick<Dialled, 'result' | 'seconds'>, minimumSeconds: number | null): Outcome {
  if (event.result !== 'answered') return byResult[event.result]
  return minimumSeconds !== null && event.seconds < minimumSeconds ? 'short' : 'answered'
}

type Ended = Extract<CallEvent, { kind: 'ended' }>
/** null: the leg was answered by something, and only how ringing the business ended tells by what. */
export const endedOutcome = (event: Pick<Ended, 'result'>): Outcome | null =>
  event.result === 'completed' ? null : event.result

/**
 * What the provider has on record. `byKey`: nobody is connected without a key, and none was told of. Where nobody was rung, the
 * caller's leg says how it ended; answered by our own words alone, nobody was talked to.
 */
export function recordedOutcome(
  record: { result: Ended['result']; dialled: Pick<Dialled, 'result' | 'seconds'> | null; byKey: boolean },
  minimumSeconds: number | null,
): { outcome: Outcome; by: OutcomeBy } {
  const { dialled, byKey, result } = record
  if (!dialled) return { outcome: endedOutcome({ result }) ?? 'unanswered', by: 'ended' }
  if (byKey && dialled.result === 'answered') return { outcome: 'voicemail', by: 'dialled' }
  return { outcome: dialledOutcome(dialled, minimumSeconds), by: 'dialled' }
}

/** Nothing was told of how ringing the business ended, and nothing will be. */
export const silentOutcome = (pickedUp: boolean): Outcome => (pickedUp ? 'answered' : 'unanswered')

export type CallStatus = 'ringing' | 'in-progress' | 'completed' | 'missed' | 'failed'
export const statusOf = (outcome: Outcome): CallStatus => (outcome === 'answered' ? 'completed' : 'missed')
