/// <reference lib="dom" />
/** Leads at the console: the board by mouse and keyboard, the list, one lead, and what changes by itself. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { openConversation } from '../../src/conversations/contacts.ts'
import { ensureLead } from '../../src/conversations/leads.ts'
import type { LeadView } from '../../src/leads/schema.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('leads at the console', () => {
  let world: World
  let browser: Browser
  let page: Page
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
  const lead = async (id: string) => (await world.api<LeadView>('GET', `/leads/${id}`)).body
  const card = (name: string) => page.getByTestId('lead-card').filter({ hasText: name })
  const column = (status: string) => page.getByTestId(`column-${status}`)
  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const opened = await context.newPage()
    opened.on('pageerror', (error) => problems.push(error.message))
    return opened
  }

  beforeAll(async () => {
    world = await createWorld()
    browser = await launchBrowser()
    world.customer('15550112001', 'Ada Lovelace').says('My tap drips')
    world.customer('15550112002', 'Bob Stone').says('Water everywhere')
    await world.settle()
    page = await open()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  test('where there is none yet it says how they come; a new one appears by itself', async () => {
    await page.goto(`${world.url}/leads`)
    await page.getByText('No leads yet').waitFor()
    ids.ada = await makeLead('15550112001', { problem: 'Kitchen tap drips', estimatedValue: 120.5 })
    await card('Ada Lovelace').waitFor()
    ids.bob = await makeLead('15550112002', { problem: 'Pipe burst', urgency: 'emergency', estimatedValue: 400 })
    await card('Bob Stone').getByText('Emergency').waitFor()
    await column('new').getByText('520.5').waitFor()
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'leads-board')
  })

  test('a card is dragged to where it may go, and undone', async () => {
    await card('Ada Lovelace').dragTo(column('qualified'))
    await column('qualified').getByText('Ada Lovelace').waitFor()
    await until('the server has it', async () => (await lead(ids.ada ?? '')).status === 'qualified')
    await page.getByRole('button', { name: 'Undo' }).click()
    await column('new').getByText('Ada Lovelace').waitFor()
    await until('the server has it back', async () => (await lead(ids.ada ?? '')).status === 'new')
  })

  test('the keyboard does the same; lost asks for a reason', async () => {
    const place = card('Bob Stone').getByRole('combobox', { name: 'Move Bob Stone to' })
    await place.focus()
    await place.selectOption('appointment_scheduled')
    await column('appointment_scheduled').getByText('Bob Stone').waitFor()
    // The keyboard went along with the card.
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
    await until('its menu has the keyboard', async () => (await focused()) === 'Move Bob Stone to')
    await card('Bob Stone').getByRole('combobox').selectOption('lost')
    const dialog = page.getByRole('dialog', { name: 'Why was it lost?' })
    expect(await dialog.getByRole('button', { name: 'Mark as lost' }).isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('Chose somebody nearer')
    expect(await troubles(page)).toEqual([])
    await page.keyboard.press('Enter')
    await column('lost').getByText('Bob Stone').waitFor()
    await until('the reason is kept', async () => (await lead(ids.bob ?? '')).lostReason === 'Chose somebody nearer')
  })

  test('one lead is opened, written in, and its address says so', async () => {
    await card('Ada Lovelace').getByRole('button', { name: 'Ada Lovelace' }).click()
    const panel = page.getByTestId('lead-panel')
    await panel.getByRole('textbox', { name: 'Notes' }).fill('Rings twice')
    await panel.getByRole('textbox', { name: 'Address' }).fill('12 Oak Street')
    await page.keyboard.press('Tab')
    await panel.getByRole('combobox', { name: 'Urgency' }).selectOption('high')
    await until('it is kept', async () => {
      const { notes, address, urgency } = await lead(ids.ada ?? '')
      return notes === 'Rings twice' && address === '12 Oak Street' && urgency === 'high'
    })
    expect(page.url()).toContain(`lead=${ids.ada}`)
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'leads-one')
    await page.getByRole('button', { name: 'Close' }).last().click()
  })

  test('as a list it is narrowed by text and urgency', async () => {
    await page.getByRole('button', { name: 'List', exact: true }).click()
    const table = page.getByTestId('lead-table')
    await table.getByText('Bob Stone').waitFor()
    await page.getByRole('searchbox').fill('oak street')
    await table.getByText('Bob Stone').waitFor({ state: 'detached' })
    await table.getByText('Ada Lovelace').waitFor()
    await page.getByRole('combobox', { name: 'Urgency' }).selectOption('low')
    await page.getByText('Ada Lovelace').waitFor({ state: 'detached' })
    expect(await troubles(page)).toEqual([])
  })

  test('on a phone, in the dark and from right to left it fits', async () => {
    const phone = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    await phone.goto(`${world.url}/leads`)
    await phone.getByTestId('lead-card').first().waitFor()
    expect(await phone.evaluate(() => document.documentElement.dir)).toBe('rtl')
    expect(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    expect(await troubles(phone)).toEqual([])
    await photograph(phone, 'leads-phone-dark-ar')
    await phone.context().close()
  })
})
