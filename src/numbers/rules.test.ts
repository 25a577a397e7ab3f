import { expect, test } from 'vitest'
import { areaCodeOf, mayCost, nextStep, type Progress, stepsOf, waitAfter } from './rules.ts'

const at = new Date('2026-01-01T00:00:00Z')
const fresh: Progress = {
  ...{ status: 'provisioning', wanted: 'active', phone_number_sid: null, asked_at: null, webhooks_configured: false },
  ...{ messaging_service_sid: null, service_ready: false, channel_account_id: null, given_back_at: null },
  capabilities: ['voice', 'sms'],
}
const bought: Progress = { ...fresh, status: 'provisioned', phone_number_sid: 'PN', asked_at: at }
const told = { webhooks_configured: true }
const inService = { messaging_service_sid: 'MG', service_ready: true }
const active: Progress = { ...bought, ...told, ...inService, status: 'active', channel_account_id: 'a' }

test('a number is bought, told where to deliver, put into a service and connected, in this order', () => {
  const way: [Progress, ReturnType<typeof nextStep>][] = [
    [fresh, 'buy'],
    [{ ...fresh, asked_at: at }, 'buy'],
    [bought, 'webhooks'],
    [{ ...bought, ...told }, 'service'],
    [{ ...bought, ...told, messaging_service_sid: 'MG' }, 'join'],
    [{ ...bought, ...told, ...inService }, 'connect'],
    [active, null],
    [{ ...bought, ...told, capabilities: ['voice'] }, 'connect'],
  ]
  for (const [row, step] of way) expect(nextStep(row)).toBe(step)
})

test('what is not wanted any more goes back from wherever it is, and is never bought', () => {
  const way: [Progress, ReturnType<typeof nextStep>][] = [
    [fresh, 'finish'],
    [{ ...fresh, asked_at: at }, 'find'],
    [bought, 'give_back'],
    [active, 'drop_service'],
    [{ ...active, messaging_service_sid: null, service_ready: false }, 'give_back'],
    [{ ...active, messaging_service_sid: null, given_back_at: at }, 'finish'],
    [{ ...active, given_back_at: at }, 'finish'],
    [{ ...active, status: 'released' }, null],
  ]
  for (const [row, step] of way) expect(nextStep({ ...row, wanted: 'released' })).toBe(step)
})

test('it may cost something from the moment at which the provider was asked, until it is given back', () => {
  expect([fresh, { ...fresh, asked_at: at }, bought, active].map(mayCost)).toEqual([false, true, true, true])
  expect(
    [
      { ...active, given_back_at: at },
      { ...fresh, status: 'released' as const },
    ].map(mayCost),
  ).toEqual([false, false])
})

test('people see four steps on the way there and two on the way back, and which of them waits', () => {
  const shown = (row: Progress, waiting_for: string | null = null) => stepsOf({ ...row, waiting_for }).map(({ state }) => state)
  expect(shown(fresh)).toEqual(['now', 'open', 'open', 'open'])
  expect(shown({ ...bought, ...told, messaging_service_sid: 'MG' }, 'Twilio.')).toEqual(['done', 'done', 'waiting', 'open'])
  expect(shown(active)).toEqual(['done', 'done', 'done', 'done'])
  expect(shown({ ...active, wanted: 'released' })).toEqual(['now', 'open'])
  expect(shown({ ...active, wanted: 'released', status: 'released' })).toEqual(['done', 'done'])
})

test('what fails waits longer each time, up to a quarter of an hour, and never shorter than the provider asks', () => {
  expect([0, 1, 5, 99].map((attempts) => waitAfter(attempts))).toEqual([2000, 5000, 900_000, 900_000])
  expect([waitAfter(0, 60_000), waitAfter(0, 86_400_000)]).toEqual([60_000, 3_600_000])
})

test('only numbers of North America have an area code that can be told', () => {
  expect([areaCodeOf('+14155550101'), areaCodeOf('+442071234567')]).toEqual(['415', null])
})
