/// <reference lib="dom" />
/** People's time at the console: a lead gets an appointment, two want the same time, it is moved and given back. One story. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { openConversation } from '../../src/conversations/contacts.ts'
import { ensureLead } from '../../src/conversations/leads.ts'
import type { LeadView } from '../../src/leads/schema.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import type { BookingView, HoldView, StaffView } from '../../src/scheduling/schema.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

const day = { open: '00:00', close: '24:00', enabled: true }
const alwaysOpen = {
  ...{ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day },
}
const minute = 60_000

describe.skipIf(!present)('appointments at the console', () => {
  let world: World
  let browser: Browser
  let page: Page
  let owner: Page
  let ahead = 0
  const ids: Record<string, string> = {}
  const problems: string[] = []

  async function makeLead(phone: string, patch: object): Promise<string> {
    const { contact, account } = await conversationWith(world, phone)
    const { id } = await inTenant(world.app.db, world.business.tenantId, async (tx) => {
      const conversationId = await openConversation(tx, account.id, contact.id)
      return await ensureLead(tx, { contactId: contact.id, conversationId, origin: 'sms', phone: `+${phone}`, actor: 'test' })
    })
    await world.api('PATCH', `/leads/${id}`, patch)
    return id
  }
  async function open(who: 'owner' | 'agent' | 'colleague', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({
      ...{ viewport: { width: 1440, height: 900 }, timezoneId: 'Europe/Lisbon', ...options },
    })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people[who].cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const opened = await context.newPage()
    opened.on('pageerror', (error) => problems.push(error.message))
    return opened
  }
  const bookings = async (lead: string) =>
    (await world.api<{ items: BookingView[] }>('GET', `/bookings?leadId=${ids[lead]}`)).body.items
  const only = async (lead: string) => {
    const all = await bookings(lead)
    expect(all).toHaveLength(1)
    return all[0] as BookingView
  }
  const holds = async () => (await world.api<{ items: HoldView[] }>('GET', '/bookings/holds')).body.items
  const dialog = (on: Page) => on.getByRole('dialog', { name: /Book a time for|Move the appointment/ })
  const times = (on: Page) => on.getByTestId('free-times').getByRole('button')
  const inDays = (on: Page, n: number) => on.getByRole('group', { name: 'Day' }).getByRole('button').nth(n).click()
  const openLead = (on: Page, lead: string) => on.goto(`${world.url}/leads?lead=${ids[lead]}`)
  const ask = (on: Page) =>
    on
      .getByTestId('appointments')
      .getByRole('button', { name: /^Book a/ })
      .click()

  beforeAll(async () => {
    world = await createWorld({ now: () => new Date(Date.now() + ahead) })
    browser = await launchBrowser()
    world.customer('15550113001', 'Ada Lovelace').says('My boiler is out')
    world.customer('15550113002', 'Bob Stone').says('Mine, too')
    await world.settle()
    await world.api('PATCH', '/business', { timezone: 'Europe/Lisbon', hours: alwaysOpen }, 'admin')
    ids.ada = await makeLead('15550113001', { problem: 'Boiler is out', status: 'qualified' })
    ids.bob = await makeLead('15550113002', { problem: 'No hot water' })
    page = await open('agent')
    owner = await open('owner')
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  test('where nobody can be booked yet, an owner is led to where they are added, others are told whom to ask', async () => {
    await openLead(page, 'ada')
    await ask(page)
    await dialog(page).getByText('Ask an owner or administrator').waitFor()
    expect(await dialog(page).getByRole('link').count()).toBe(0)
    await openLead(owner, 'ada')
    await ask(owner)
    await dialog(owner).getByRole('link', { name: 'Add people to book' }).click()
    await owner.getByText('Nobody to book yet').waitFor()
    expect(await dialog(owner).count()).toBe(0)
    expect(await troubles(owner)).toEqual([])
    await photograph(owner, 'bookings-staff-empty')
  })

  test('people are added, renamed, deactivated and removed', async () => {
    const form = owner.getByTestId('staff-form')
    for (const name of ['Anna', 'Ben', 'Eva']) {
      await form.getByLabel('Name').fill(name)
      await form.getByLabel('What they do').fill('Boilers')
      await owner.keyboard.press('Enter')
      await owner
        .getByTestId('staff-line')
        .getByRole('textbox', { name: `Name: ${name}` })
        .waitFor()
    }
    await owner.getByRole('textbox', { name: 'Name: Anna' }).fill('Ana')
    await owner.keyboard.press('Enter')
    await owner.getByRole('textbox', { name: 'Name: Ana', exact: true }).waitFor()
    await owner.getByRole('button', { name: 'Deactivate: Ben' }).click()
    await owner.getByRole('button', { name: 'Activate: Ben', exact: true }).waitFor()
    await owner.getByRole('button', { name: 'Remove: Eva' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await owner.getByRole('textbox', { name: 'Name: Eva' }).waitFor({ state: 'detached' })
    expect(await troubles(owner)).toEqual([])
    await photograph(owner, 'bookings-staff')
    const { items } = (await world.api<{ items: StaffView[] }>('GET', '/staff')).body
    expect(items.map(({ name, isActive }) => [name, isActive])).toEqual([
      ['Ana', true],
      ['Ben', false],
    ])
  })

  test('the dialog that waited knows her by itself; a time is held at once, and given back when the dialog is closed', async () => {
    await times(page).first().waitFor()
    // There is one only.
    expect(await dialog(page).getByRole('combobox', { name: 'With whom' }).count()).toBe(0)
    expect(await dialog(page).getByText('by the clocks of the business').count()).toBe(0)
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'bookings-choose')
    await inDays(page, 2)
    await times(page).first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const held = page.getByTestId('held')
    await held
      .getByRole('timer')
      .getByText(/1[45]:\d\d/)
      .waitFor()
    expect((await holds()).map(({ startsAt, minutes }) => [startsAt.slice(11, 16), minutes])).toEqual([['00:30', 60]])
    await page.keyboard.press('Escape')
    await dialog(page).waitFor({ state: 'detached' })
    await until('it is free again', async () => (await holds()).length === 0)
    // The lead behind it is still open.
    expect(await page.getByTestId('lead-panel').isVisible()).toBe(true)
  })

  test('two want the same time: one gets it, the other is told so, and books another', async () => {
    const other = await open('colleague')
    await openLead(other, 'bob')
    await ask(other)
    await inDays(other, 2)
    await times(other).first().waitFor()
    // A slow network: it hears of nothing that is taken from here on.
    await other.route('**/api/bookings/slots?*', () => {})
    await ask(page)
    await inDays(page, 2)
    await times(page).nth(40).click()
    await page.getByTestId('held').waitFor()
    await times(other).nth(40).click()
    const notice = other.getByTestId('time-notice')
    await notice.getByText('was taken by somebody else').waitFor()
    expect(await troubles(other)).toEqual([])
    await photograph(other, 'bookings-taken')
    await notice.getByRole('button').last().click()
    const held = other.getByTestId('held')
    expect(await held.getByLabel('What is to be done').inputValue()).toBe('No hot water')
    await held.getByRole('button', { name: 'Book', exact: true }).click()
    await other.getByTestId('booking').getByText('Confirmed').waitFor()
    const [mine] = await holds()
    const { startsAt, status, title } = await only('bob')
    expect([status, title]).toEqual(['confirmed', 'No hot water'])
    expect(Math.abs(Date.parse(startsAt) - Date.parse(mine?.startsAt ?? ''))).toBe(60 * minute)
    await other.context().close()
  })

  test('an answer that is lost loses nothing: pressed again, it is booked once', async () => {
    const held = page.getByTestId('held')
    await held.getByLabel('Comment').fill('Rings twice')
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'bookings-held')
    await page.route('**/api/bookings', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await held.getByRole('button', { name: 'Book', exact: true }).click()
    await held.getByText('it is not booked twice').waitFor()
    await page.unroute('**/api/bookings')
    await held.getByRole('button', { name: 'Book', exact: true }).click()
    await dialog(page).waitFor({ state: 'detached' })
    await page.getByText(/^Booked:/).waitFor()
    expect(await only('ada')).toMatchObject({ status: 'confirmed', title: 'Boiler is out', comment: 'Rings twice' })
    const booking = page.getByTestId('lead-panel').getByTestId('booking')
    await booking.getByText('Confirmed').waitFor()
    await booking.getByText('Ana').waitFor()
    await page.getByTestId('lead-panel').getByRole('combobox', { name: 'Status' }).waitFor()
    await until('the lead has moved on', async () => {
      const { status } = (await world.api<LeadView>('GET', `/leads/${ids.ada}`)).body
      return status === 'appointment_scheduled'
    })
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'bookings-lead')
  })

  test('it stands in the conversation, and beside it, where another zone has other clocks', async () => {
    const away = await open('agent', { timezoneId: 'America/New_York' })
    const { conversationId } = (await world.api<LeadView>('GET', `/leads/${ids.ada}`)).body
    await away.goto(`${world.url}/inbox/${conversationId}`)
    const line = away.getByTestId('message-bubble').filter({ hasText: 'You booked Ana' })
    await line.waitFor()
    const { startsAt } = await only('ada')
    const there = new Intl.DateTimeFormat('en-US', { timeZone: 'Europe/Lisbon', hour: '2-digit', minute: '2-digit' })
    const shown = there.format(Date.parse(startsAt)).replace(/\s/g, ' ')
    expect((await line.textContent())?.replaceAll(/\s/g, ' ')).toContain(shown)
    const beside = away.getByTestId('appointments')
    await beside.getByText('Western European').waitFor()
    expect((await beside.textContent())?.replaceAll(/\s/g, ' ')).toContain(shown.slice(0, 5))
    expect(await troubles(away)).toEqual([])
    await photograph(away, 'bookings-beside')
    await away.context().close()
  })

  test('it is moved to another day', async () => {
    const before = await only('ada')
    await page.getByRole('button', { name: /^Move:/ }).click()
    await dialog(page).getByText('Until now:').waitFor()
    await inDays(page, 3)
    await times(page).nth(8).click()
    await page.getByTestId('chosen').getByRole('button', { name: 'Move the appointment' }).click()
    await dialog(page).waitFor({ state: 'detached' })
    await page.getByText(/^Moved:/).waitFor()
    const after = await only('ada')
    expect(Date.parse(after.startsAt)).toBeGreaterThan(Date.parse(before.startsAt))
    expect([after.startsAt.slice(11, 16), after.minutes]).toEqual(['02:00', 60])
  })

  test('it is cancelled, taken back, and cancelled', async () => {
    const booking = page.getByTestId('booking')
    await booking.getByRole('button', { name: /^Cancel:/ }).click()
    await booking.getByText('Cancelled', { exact: true }).waitFor()
    expect((await only('ada')).status).toBe('cancelled')
    await page.getByRole('button', { name: 'Undo' }).last().click()
    await booking.getByText('Confirmed', { exact: true }).waitFor()
    await booking.getByRole('button', { name: /^Cancel:/ }).click()
    await booking.getByText('Cancelled', { exact: true }).waitFor()
    await until('it is cancelled', async () => (await only('ada')).status === 'cancelled')
    await photograph(page, 'bookings-cancelled')
  })

  test('a hold that is over is said to be, keeps what was written, and is had again', async () => {
    await ask(page)
    await inDays(page, 4)
    await times(page).nth(5).click()
    const held = page.getByTestId('held')
    await held.getByLabel('Comment').fill('The dog is friendly')
    ahead += 16 * minute
    await held.getByRole('button', { name: 'Book', exact: true }).click()
    const notice = page.getByTestId('time-notice')
    await notice.getByText('The 15 minutes are over').waitFor()
    // The day that was open is open still.
    expect(await page.getByRole('group', { name: 'Day' }).getByRole('button').nth(4).getAttribute('aria-pressed')).toBe('true')
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'bookings-over')
    await notice.getByRole('button', { name: /^Hold .* again$/ }).click()
    expect(await held.getByLabel('Comment').inputValue()).toBe('The dog is friendly')
    await held.getByRole('button', { name: 'Book', exact: true }).click()
    await dialog(page).waitFor({ state: 'detached' })
    expect((await bookings('ada')).filter(({ status }) => status === 'confirmed')).toHaveLength(1)
  })

  test('whoever has bookings cannot be removed, and it is said what to do instead', async () => {
    await owner.getByRole('button', { name: 'Remove: Ana' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await owner.getByText('Ana has bookings').waitFor()
    expect(await owner.getByRole('textbox', { name: 'Name: Ana', exact: true }).count()).toBe(1)
  })

  test('the page shows whom to expect, day by day, and settles what has begun', async () => {
    const past = new Date(Math.floor(Date.now() / (15 * minute)) * 15 * minute - 60 * minute).toISOString()
    const ana = (await only('bob')).staff.id
    await world.api('POST', '/bookings', { staffId: ana, startsAt: past, minutes: 30, leadId: ids.bob, title: 'Radiator' })
    await page.goto(`${world.url}/appointments`)
    const radiator = page.getByTestId('booking').filter({ hasText: 'Radiator' })
    await radiator.getByRole('link', { name: 'Bob Stone' }).waitFor()
    await page.getByTestId('booking').getByText('No hot water').waitFor()
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'bookings-page')
    await radiator.getByRole('button', { name: /^Did not come:/ }).click()
    await radiator.getByText('Did not come', { exact: true }).waitFor()
    await radiator.getByRole('button', { name: /^Done:/ }).click()
    await radiator.getByText('Done', { exact: true }).waitFor()
    await until('it is done', async () => (await bookings('bob')).some(({ status }) => status === 'completed'))
    await page.getByRole('button', { name: 'Earlier' }).click()
    await page.getByText('No earlier appointments').waitFor()
  })

  test('on a phone, in the dark and from right to left it fills the screen and fits', async () => {
    const phone = await open('owner', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    await phone.goto(`${world.url}/leads`)
    await phone.getByRole('button', { name: 'Bob Stone' }).click()
    const panel = phone.getByTestId('appointments')
    await panel.getByTestId('booking').first().waitFor()
    expect(await troubles(phone)).toEqual([])
    await photograph(phone, 'bookings-phone-lead')
    await panel.locator(':scope > button').click()
    await times(phone).first().waitFor()
    const box = await phone.getByRole('dialog').last().boundingBox()
    expect([box?.width, box?.height]).toEqual([390, 844])
    expect(await troubles(phone)).toEqual([])
    await photograph(phone, 'bookings-phone-choose')
    await times(phone).last().click()
    await phone.getByTestId('held').waitFor()
    expect(await troubles(phone)).toEqual([])
    await photograph(phone, 'bookings-phone-held')
    await phone.goBack()
    await phone.getByTestId('held').waitFor({ state: 'detached' })
    expect(new URL(phone.url()).pathname).toBe('/leads')
    await until('it is free again', async () => (await holds()).length === 0)
    await phone.goForward()
    await panel.locator(':scope > button').click()
    await times(phone).last().click()
    await phone.getByTestId('held').waitFor()
    await phone.reload()
    await until('whoever closes the page gives it back, too', async () => (await holds()).length === 0)
    for (const path of ['appointments', 'settings/staff']) {
      await phone.goto(`${world.url}/${path}`)
      await phone
        .getByTestId(path === 'appointments' ? 'booking' : 'staff-line')
        .first()
        .waitFor()
      expect(await troubles(phone)).toEqual([])
      await photograph(phone, `bookings-phone-${path.replace('/', '-')}`)
    }
    await phone.context().close()
  })
})
