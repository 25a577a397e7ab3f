/** What is to be done next with a number, how long it waits after a step that did not succeed, and how it is told. Pure. */

export const statuses = ['provisioning', 'provisioned', 'active', 'suspended', 'released'] as const
export type NumberStatus = (typeof statuses)[number]
export type Wanted = 'active' | 'suspended' | 'released'

/** What the next step is decided by. */
export interface Progress {
  status: NumberStatus
  wanted: Wanted
  /** The provider's id: it was bought. */
  phone_number_sid: string | null
  /** The provider was asked to sell it, and did not say that it did not. */
  asked_at: Date | null
  webhooks_configured: boolean
  messaging_service_sid: string | null
  service_ready: boolean
  channel_account_id: string | null
  given_back_at: Date | null
  capabilities: readonly string[]
}

export const setUpSteps = ['buy', 'webhooks', 'service', 'join', 'connect'] as const
export const giveBackSteps = ['find', 'drop_service', 'give_back', 'finish'] as const
export type Step = (typeof setUpSteps)[number] | (typeof giveBackSteps)[number]

/** null: nothing is left to do. */
export function nextStep(row: Progress): Step | null {
  if (row.status === 'released') return null
  if (row.wanted === 'released') {
    if (row.phone_number_sid === null) return row.asked_at === null ? 'finish' : 'find'
    if (row.messaging_service_sid !== null && row.given_back_at === null) return 'drop_service'
    return row.given_back_at === null ? 'give_back' : 'finish'
  }
  if (row.phone_number_sid === null) return 'buy'
  if (!row.webhooks_configured) return 'webhooks'
  if (row.capabilities.includes('sms') && !row.service_ready) return row.messaging_service_sid === null ? 'service' : 'join'
  return row.channel_account_id === null ? 'connect' : null
}

/** Whether somebody pays for it, as far as is known here: asked for and not refused counts. */
export const mayCost = (row: Progress): boolean =>
  (row.phone_number_sid !== null || row.asked_at !== null) && row.given_back_at === null && row.status !== 'released'

/** What people are shown of the way: `join` belongs to the service, and looking for a purchase to giving it back. */
const shownSetUp = ['buy', 'webhooks', 'service', 'connect'] as const
const shownGiveBack = ['give_back', 'finish'] as const
export type ShownStep = (typeof shownSetUp)[number] | (typeof shownGiveBack)[number]
const shownAs: Record<Step, ShownStep> = {
  ...{ buy: 'buy', webhooks: 'webhooks', service: 'service', join: 'service', connect: 'connect' },
  ...{ find: 'give_back', drop_service: 'give_back', give_back: 'give_back', finish: 'finish' },
}

export function stepsOf(row: Progress & { waiting_for: string | null }): { id: ShownStep; state: StepState }[] {
  const next = nextStep(row)
  const ids: readonly ShownStep[] = row.wanted === 'released' ? shownGiveBack : shownSetUp
  const at = next === null ? ids.length : ids.indexOf(shownAs[next])
  return ids.map((id, index) => ({
    id,
    state: index < at ? 'done' : index > at ? 'open' : row.waiting_for === null ? 'now' : 'waiting',
  }))
}
/** now: it is being done. waiting: it did not succeed and is tried again. */
export const stepStates = ['done', 'now', 'waiting', 'open'] as const
export type StepState = (typeof stepStates)[number]

/** By how often it was tried. Milliseconds. */
const waits = [2_000, 5_000, 15_000, 60_000, 300_000, 900_000]
export const waitAfter = (attempts: number, asked = 0): number =>
  Math.max(Math.min(asked, longestAskedMs), waits[Math.min(attempts, waits.length - 1)] as number)
/** A provider that asks for more is asked again all the same: somebody may be paying, and is told of a long wait when it is looked at. */
const longestAskedMs = 3_600_000

/** After so long those who can do something about it are told. Milliseconds. */
export const longWaitMs = 3_600_000

/** What a purchase carries at the provider as its name, so that it is found where the answer was lost. */
export const markerOf = (id: string): string => `Parley ${id}`

/** A provider's list may be behind its own purchases: for so long "it is not there" says nothing. Milliseconds. */
export const settlesMs = 120_000

/** Of a number of North America; others have none of a fixed length. */
export const areaCodeOf = (number: string): string | null => /^\+1(\d{3})\d{7}$/.exec(number)?.[1] ?? null
