/** Settings of calls on a real database: what a business begins with, and what would happen if they were others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { caller, makeShop, type Shop } from '../../test/world/telephone.ts'
import { inTenant } from '../platform/db/tx.ts'
import { rules } from './decision.ts'
import { standardSettings } from './defaults.ts'
import { type Imagined, previewCall } from './preview.ts'
import { readCallSettings, settingsView } from './settings.ts'
import { tableView } from './view.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const imagine = (shop: Shop, given: Partial<Imagined>) =>
  inTenant(db, shop.tenantId, (tx) =>
    previewCall(tx, { from: caller().phone, outcome: 'no_answer', at: new Date(), ...given }, ['twilio']),
  )

test('a new business has the standard settings, word for word, and a reset in English brings them back', async () => {
  const tenantId = await makeTenant(db)
  const { forwardTo, leadsFromTexts, ...fresh } = await inTenant(db, tenantId, async (tx) =>
    settingsView(await readCallSettings(tx)),
  )
  expect(standardSettings('en')).toEqual(fresh)
  expect([forwardTo, leadsFromTexts]).toEqual([null, true])
  expect(standardSettings('de-AT').text).toBe(fresh.text)
  expect(standardSettings('pt-BR').text).not.toBe(fresh.text)
})

describe('what would happen', () => {
  test('goes by settings that are not saved yet, and saves nothing', async () => {
    const shop = await makeShop(db)
    expect((await imagine(shop, {})).decision).toMatchObject({ rule: 'no_answer', text: 'now' })
    const off = await imagine(shop, { settings: { automaticText: false } })
    expect([off.decision.rule, off.text, off.textAt]).toEqual(['automatic_off', null, null])
    expect((await imagine(shop, { settings: { text: 'Hi from [BUSINESS]' } })).text).toBe('Hi from Baker Street Plumbing')
    const own = await imagine(shop, { from: '+1 415 555 0177', settings: { forwardTo: '(415) 555-0177' } })
    expect(own.decision.rule).toBe('own_number')
    await expect(imagine(shop, { settings: { forwardTo: 'the shop' } })).rejects.toMatchObject({
      ...{ code: 'invalid_request', details: [{ path: '/forwardTo' }] },
    })
    const kept = await inTenant(db, shop.tenantId, readCallSettings)
    expect([kept.auto_response_enabled, kept.forward_to]).toEqual([true, '+14155550001'])
  })

  test('goes by the clock on the wall of the business, and says to the minute when quiet hours end', async () => {
    const shop = await makeShop(db, { timezone: 'America/New_York', quiet_hours: { from: '22:00', to: '07:00' } })
    const night = await imagine(shop, { at: { local: '2026-01-15T23:30' } })
    expect([night.decision.rule, night.at.toISOString(), night.textAt?.toISOString()]).toEqual([
      ...['quiet_hours', '2026-01-16T04:30:00.000Z', '2026-01-16T12:00:00.000Z'],
    ])
    const summer = await imagine(shop, { at: { local: '2026-07-15T23:30' } })
    expect(summer.textAt?.toISOString()).toBe('2026-07-16T11:00:00.000Z')
    expect(rules[night.line - 1]?.rule).toBe('quiet_hours')
  })

  test('says of a text that waits the words of the hour at which it goes', async () => {
    const shop = await makeShop(db, {
      ...{ quiet_hours: { from: '22:00', to: '07:00' }, after_hours_message: 'We are closed.' },
    })
    const closed = await imagine(shop, { at: { local: '2026-01-15T23:30' } })
    expect([closed.decision.rule, closed.text]).toEqual(['quiet_hours', 'We are closed.'])
    const open = await imagine(shop, {
      ...{ at: { local: '2026-01-15T23:30' }, settings: { quietHours: { from: '22:00', to: '10:00' } } },
    })
    expect([open.decision.rule, open.text]).toEqual(['quiet_hours', 'Hi! Sorry we missed your call. How can we help?'])
  })

  test('a hidden number, a browser and a landline get no text, each for its own reason', async () => {
    const shop = await makeShop(db)
    const rule = async (given: Partial<Imagined>) => {
      const { decision, text } = await imagine(shop, given)
      return [decision.rule, text, decision.alert]
    }
    expect(await rule({ from: null })).toEqual(['withheld', null, true])
    expect(await rule({ from: 'client:web' })).toEqual(['not_a_telephone', null, true])
    expect(await rule({ landline: true })).toEqual(['landline', null, true])
  })
})

test('the table that is shown is the table that decides, in its order', () => {
  expect(tableView().items.map(({ rule, texting }) => [rule, texting])).toEqual(rules.map(({ rule, text }) => [rule, text]))
})
