/// <reference lib="dom" />
/**
 * The whole way from a ringing telephone to a job: the caller's handset on one side, the console on the other, and the API for what
 * neither shows.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { consoleBuilt } from '../../src/app/console.ts'
import type { callStory } from '../../src/calls/schema.ts'
import type { LeadView } from '../../src/leads/schema.ts'
import type { Funnel } from '../../src/reports/schema.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { funnelDifferences } from '../world/funnel-events.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())
type Story = z.infer<typeof callStory>

// One story: each test goes on where the one before ended.
describe.skipIf(!present)('from a ringing telephone to a job', () => {
  let world: World
  let phones: Telephones
  let browser: Browser
  let owner: Page
  const problems: string[] = []
  const elena = '+14155560171'
  const automatic = 'Hi! Sorry we missed your call. How can we help?'

  beforeAll(async () => {
    world = await createWorld()
    phones = await startTelephones(world)
    await world.api('PATCH', '/business', { tradeType: 'plumbing', language: 'en', aiTakeoverDelay: 2 }, 'owner')
    await world.api('PATCH', '/business/calls', { forwardTo: '+14155550001', ringSeconds: 5 }, 'owner')
    await world.api('PUT', `/accounts/${phones.accountId}/answerer`, { answerer: 'assistant' }, 'owner')
    browser = await launchBrowser()
    owner = await open()
  })
  afterAll(async () => {
    await browser?.close()
    await phones?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.owner.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    return page
  }
  const says = (body: string) => phones.simulator.customerSends({ from: elena, to: phones.number, body })
  const has = (n: number) =>
    until(`the handset has ${n} texts`, () => phones.texts(elena).length >= n, { seen: () => phones.texts(elena) })
  const story = async (): Promise<Story> => {
    const { items } = (await world.api<{ items: { id: string; processed: boolean }[] }>('GET', '/calls')).body
    return (await world.api<Story>('GET', `/calls/${items[0]?.id}/story`)).body
  }
  const control = async () => (await story()).conversation?.control
  const lead = async () => (await world.api<LeadView>('GET', `/leads/${(await story()).call.leadId}`)).body

  test('a call that nobody answers is a text on the caller’s handset, within seconds and once', async () => {
    await owner.goto(`${world.url}/calls`)
    await owner.getByText('No calls yet').waitFor()
    await phones.over(phones.rings(elena, { kind: 'nobody', afterMs: 20 }))
    await has(1)
    expect(phones.texts(elena)).toEqual([automatic])
    await owner.locator('a[data-call="missed"]').filter({ hasText: elena }).click()
    await owner.getByRole('article').getByText(automatic).waitFor()
  })

  test('the caller answers, nobody does in time, and the assistant asks', async () => {
    says('Hi, my water heater is leaking')
    await has(2)
    expect(phones.texts(elena)[1]).toMatch(/address/i)
    await until('the assistant has it', async () => (await control()) === 'ai')
    says('12 Oak Street, Springfield')
    await has(3)
  })

  test('a person takes over in the console, and the assistant is silent from then on', async () => {
    await owner.getByRole('article').getByRole('link', { name: 'To the conversation' }).click()
    await owner.getByText('12 Oak Street, Springfield').first().waitFor()
    await owner.getByRole('button', { name: 'Take over from the assistant' }).click()
    await until('a person has it', async () => (await control()) === 'human')
    says('Is a person there?')
    await owner.getByText('Is a person there?').first().waitFor()
    const composer = owner.getByRole('textbox', { name: /message/i }).last()
    await composer.fill('This is Olga. We can be there at two.')
    await composer.press('Enter')
    await has(4)
    says('Two is perfect')
    await owner.getByText('Two is perfect').first().waitFor()
    // Longer than the assistant's patience: what it would say would have been said.
    await until('its time is over', async () => {
      const { rows } = await world.database.owner.query(
        `SELECT now() - max(m.created_at) > interval '3 seconds' AS over FROM messages m WHERE m.content = 'Two is perfect'`,
      )
      return rows[0].over === true
    })
    expect(phones.texts(elena).length).toBe(4)
    expect(phones.texts(elena)[3]).toBe('This is Olga. We can be there at two.')
  })

  test('the lead is qualified, gets its appointment, and is won with what it came to', async () => {
    await owner.getByRole('complementary', { name: 'Details' }).getByRole('link', { name: 'New' }).click()
    const panel = owner.getByTestId('lead-panel')
    const state = panel.getByRole('combobox', { name: 'Status' })
    await panel.getByRole('textbox', { name: 'Value' }).fill('400')
    await state.focus()
    await until('it is worth something', async () => (await lead()).estimatedValue === 400)
    for (const status of ['qualified', 'appointment_scheduled', 'completed'] as const) {
      await state.selectOption(status)
      await until(`it is ${status}`, async () => (await lead()).status === status)
    }
    await panel.getByRole('textbox', { name: 'What it came to' }).fill('385.50')
    await state.focus()
    await until('it came to something', async () => (await lead()).conversionValue === 385.5)
    await photograph(owner, 'ring-to-job-lead')
    expect(await troubles(owner)).toEqual([])
    await panel.getByRole('link', { name: 'Open the call' }).click()
  })

  test('the story of the call shows all of it in one place, and leads to each part', async () => {
    const article = owner.getByRole('article')
    await article.getByText('It came to 385.5').waitFor()
    const titles = await article.getByRole('heading', { level: 3 }).allTextContents()
    expect(titles).toEqual([
      ...['Nobody answered', 'Why', 'Text to the caller', 'The caller wrote', expect.stringMatching(/gave it to: Assistant/)],
      ...['The assistant answered', 'The caller wrote', 'The assistant answered', expect.stringMatching(/gave it to: Team/)],
      ...['The caller wrote', expect.stringMatching(/ answered$/), 'The caller wrote'],
      ...[/: Qualified/, /: Appointment/, /: Completed/].map((words) => expect.stringMatching(words)),
      'Lead: Completed',
    ])
    await photograph(owner, 'ring-to-job-story')
    expect(await troubles(owner)).toEqual([])
    const told = await story()
    expect(told.lead).toMatchObject({ status: 'completed', estimatedValue: 400, conversionValue: 385.5 })
    expect(told.steps.filter(({ kind }) => kind === 'lead_moved').map(({ to }) => to)).toEqual([
      ...['qualified', 'appointment_scheduled', 'completed'],
    ])
    await article.getByText('Is a person there?').click()
    await owner.waitForURL(new RegExp(`/inbox/${told.call.conversationId}`))
    await owner.getByText('changed the lead to: Completed').waitFor()
    await owner.getByRole('complementary', { name: 'Details' }).getByRole('link', { name: 'Open the call' }).click()
    await article.getByRole('link', { name: 'To the lead' }).click()
    await owner.getByTestId('lead-panel').waitFor()
    await owner.keyboard.press('Escape')
  })

  test('exactly one text went out for each thing that was said', () => {
    const sent = phones.simulator.sent.map(({ to, body }) => [to, body])
    expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(sent.length)
    expect([sent.length, new Set(sent.map(([to]) => to))]).toEqual([4, new Set([elena])])
  })

  test('and it is counted: the funnel shows one of each, as the events do', async () => {
    await owner.getByRole('link', { name: 'Insights' }).click()
    const steps = owner.getByRole('list', { name: 'From calls to jobs' })
    await steps.waitFor()
    const shown = await steps.locator('li b').allTextContents()
    expect(shown).toEqual([...Array(9).fill('1'), '0'])
    await owner.getByText('385.5').first().waitFor()
    const { all } = (await world.api<Funnel>('GET', '/reports/funnel', undefined, 'owner')).body
    expect(all).toMatchObject({ calls: 1, texted: 1, talked: 1, completed: 1, lost: 0, wonValue: 385.5 })
    expect(await funnelDifferences(world.database.owner, world.business.tenantId)).toEqual([])
    await photograph(owner, 'insights')
    expect(await troubles(owner)).toEqual([])
  })

  test('on a telephone, in the dark and from right to left, story and numbers fit', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)
    await page.goto(`${world.url}/insights`)
    await page.getByRole('list').first().waitFor()
    await page.locator('[data-step="completed"]').waitFor()
    expect([await fits(), await troubles(page)]).toEqual([true, []])
    await photograph(page, 'insights-phone')
    await page.goto(`${world.url}/calls/${(await story()).call.id}`)
    await page.locator('[data-mark="lead_moved"]').first().waitFor()
    expect([await fits(), await troubles(page)]).toEqual([true, []])
    await photograph(page, 'ring-to-job-phone')
  })

  test('an empty period says what to do, and those who do not manage see no numbers', async () => {
    const other = await world.addBusiness('Quiet')
    const [name = '', value = ''] = other.people.owner.cookie.split('=')
    const context = await browser.newContext()
    await context.addCookies([{ name, value, url: world.url }])
    const page = await context.newPage()
    await page.goto(`${world.url}/insights`)
    await page.getByText('No calls in these days').waitFor()
    await context.clearCookies()
    const [agent = '', cookie = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name: agent, value: cookie, url: world.url }])
    await page.goto(`${world.url}/insights`)
    await page.getByText('Administrators see these numbers.').waitFor()
    expect(await page.getByRole('link', { name: 'Insights' }).count()).toBe(0)
  })
})
