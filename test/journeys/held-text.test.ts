/** The text of a missed call that finds the account unable to send. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits } from '../world/arrange.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let phones: Telephones
let ahead = 0
beforeAll(async () => {
  world = await createWorld({ now: () => new Date(Date.now() + ahead) })
  phones = await startTelephones(world)
  await world.api('PATCH', '/business/calls', { forwardTo: '+14155550001', ringSeconds: 5 }, 'owner')
})
afterAll(async () => {
  await phones?.close()
  await world?.close()
})

const text = async () => {
  const { rows } = await world.database.owner.query<{ status: string; code: string | null }>(
    `SELECT status, error_code AS code FROM message_tracking WHERE direction = 'OUTBOUND'`,
  )
  return rows[0]
}
const alerts = async () =>
  (await world.database.owner.query(`SELECT data ->> 'reason' AS reason FROM events WHERE type = 'call.alert'`)).rows

test('people are told after an hour, and when the account sends again days later the caller is left in peace', async () => {
  const caller = `+14156${digits(6)}`
  phones.simulator.faults.add({
    match: { method: 'POST', path: '/Messages.json' },
    action: { kind: 'error', code: 20003, status: 401 },
  })
  phones.rings(caller, { kind: 'nobody', afterMs: 20 })
  await until('it was tried and waits', async () => (await text())?.code === '20003')
  expect(await alerts()).toEqual([])
  ahead = 61 * 60_000
  await until('people are told', async () => (await alerts()).length > 0)
  expect(await text()).toMatchObject({ status: 'queued' })
  ahead = 3 * 24 * 3_600_000
  phones.simulator.faults.clear()
  await world.api('POST', `/accounts/${phones.accountId}/check`, undefined, 'owner')
  await until('it is given up', async () => (await text())?.status === 'failed')
  expect(await text()).toEqual({ status: 'failed', code: 'too_late' })
  expect(phones.texts(caller)).toEqual([])
  expect(await alerts()).toHaveLength(1)
})

test('a number of the business is none to ring', async () => {
  const own = await world.api('PATCH', '/business/calls', { forwardTo: phones.number }, 'owner')
  expect(own).toMatchObject({ status: 400, body: { error: { details: [{ path: '/forwardTo' }] } } })
})
