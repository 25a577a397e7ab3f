/// <reference lib="dom" />
/** Labels, filters, counts and legal holds at the console: the real server, Meta's side simulated, Chromium. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

// One story: each test goes on where the one before ended.
describe.skipIf(!present)('labels at the console', () => {
  let world: World
  let browser: Browser
  let owner: Page
  let agent: Page
  const problems: string[] = []

  beforeAll(async () => {
    world = await createWorld()
    browser = await launchBrowser()
    world.customer('15550109001', 'Ada Lovelace').says('The green parcel has arrived')
    world.customer('15550109002', 'Bob Stone').says('Where is my parcel?')
    world.customer('15550109003', 'Cleo Park').says('Thank you')
    await world.settle()
    owner = await open('owner')
    agent = await open('agent')
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function open(who: 'owner' | 'agent', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people[who].cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    return page
  }
  const rows = (on: Page) => on.getByTestId('conversation-row')
  const row = (on: Page, name: string) => rows(on).filter({ hasText: name })
  const chips = (on: Page, name: string) => row(on, name).getByTestId('label').allTextContents()
  async function make(name: string, colour: string): Promise<void> {
    const form = owner.getByTestId('label-form')
    await form.getByRole('textbox', { name: 'Name' }).fill(name)
    await form.getByRole('combobox', { name: 'Colour' }).selectOption({ label: colour })
    await form.getByRole('button', { name: 'Create' }).click()
    await owner.getByTestId('label-line').filter({ hasText: name }).waitFor()
  }

  test('the owner makes two, and one of the same name is refused in words', async () => {
    await owner.goto(`${world.url}/settings/labels`)
    await owner.getByText('No labels yet').waitFor()
    await make('VIP', 'Red')
    await make('Refund', 'Blue')
    await owner.getByTestId('label-form').getByRole('textbox', { name: 'Name' }).fill('vip')
    await owner.getByRole('button', { name: 'Create' }).click()
    await owner.getByText('There is a label of this name already').waitFor()
    expect(await troubles(owner)).toEqual([])
    await photograph(owner, 'labels-settings')
  })

  test('an agent puts them on with the keyboard, and a colleague sees it at once', async () => {
    await owner.goto(`${world.url}/inbox`)
    await row(owner, 'Ada').waitFor()
    await agent.goto(`${world.url}/inbox`)
    await row(agent, 'Ada').click()
    await agent.getByTestId('message-bubble').first().waitFor()
    await agent.keyboard.press('l')
    await agent.getByRole('menuitemcheckbox', { name: 'Refund' }).waitFor()
    await agent.keyboard.press('ArrowDown')
    await agent.keyboard.press('Enter')
    await expect.poll(() => chips(agent, 'Ada')).toEqual(['Refund'])
    await agent.keyboard.press('ArrowDown')
    await agent.keyboard.press('Enter')
    await expect.poll(() => chips(agent, 'Ada')).toEqual(['Refund', 'VIP'])
    await agent.keyboard.press('Escape')
    await agent.getByRole('menu').waitFor({ state: 'hidden' })
    // Escape closed the menu, not the conversation behind it.
    expect(await agent.getByTestId('message-bubble').count()).toBeGreaterThan(0)
    await expect.poll(() => chips(owner, 'Ada')).toEqual(['Refund', 'VIP'])
    expect(await troubles(agent)).toEqual([])
    await photograph(agent, 'labels-thread')
  })

  test('the list is narrowed by label and owner, the address says it, and a change fits in by itself', async () => {
    await owner.getByRole('button', { name: 'Filter' }).click()
    await owner.getByRole('combobox', { name: 'Label' }).selectOption({ label: 'VIP' })
    await expect.poll(() => rows(owner).count()).toBe(1)
    await owner.waitForURL((url) => url.searchParams.has('label'))
    await owner.reload()
    await expect.poll(() => rows(owner).count()).toBe(1)
    await row(agent, 'Bob').click()
    await agent.getByTestId('message-bubble').filter({ hasText: 'Where is my parcel?' }).waitFor()
    await agent.keyboard.press('l')
    await agent.getByRole('menuitemcheckbox', { name: 'VIP' }).click()
    await row(owner, 'Bob').waitFor()
    await agent.keyboard.press('Escape')
    await agent.getByRole('menu').waitFor({ state: 'hidden' })
    await agent.keyboard.press('a')
    await owner.getByRole('combobox', { name: 'Owner' }).selectOption({ label: 'agent Person' })
    await expect.poll(() => rows(owner).allTextContents()).toEqual([expect.stringContaining('Bob')])
    expect(await troubles(owner)).toEqual([])
    await row(owner, 'Bob').click()
    expect(new URL(owner.url()).searchParams.has('label')).toBe(true)
    await photograph(owner, 'labels-filter')
  })

  test('the tabs count what waits', async () => {
    await agent.goto(`${world.url}/inbox`)
    await agent.getByTestId('count-mine').getByText('1', { exact: true }).waitFor()
    await agent.getByTestId('count-open').getByText('3', { exact: true }).waitFor()
    await agent.getByTestId('count-unassigned').getByText('2', { exact: true }).waitFor()
    world.customer('15550109004', 'Dora New').says('hello')
    await world.settle()
    await agent.getByTestId('count-open').getByText('4', { exact: true }).waitFor()
  })

  test('what the last line says finds a conversation too', async () => {
    await world.settle()
    await agent.goto(`${world.url}/inbox?q=green%20parcel`)
    await expect.poll(() => rows(agent).allTextContents()).toEqual([expect.stringContaining('Ada')])
  })

  test('renamed and deleted, every page follows', async () => {
    await agent.goto(`${world.url}/inbox`)
    await row(agent, 'Ada').waitFor()
    await owner.goto(`${world.url}/settings/labels`)
    await owner.getByRole('textbox', { name: 'Name: VIP' }).fill('Regular')
    await owner.keyboard.press('Enter')
    await expect.poll(() => chips(agent, 'Ada')).toEqual(['Refund', 'Regular'])
    await owner.getByRole('button', { name: 'Delete: Refund' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => chips(agent, 'Ada')).toEqual(['Regular'])
  })

  test('on a phone, in the dark, in every language, also from right to left', async () => {
    for (const [language, filter] of [
      ['es', 'Filtrar'],
      ['pt', 'Filtrar'],
      ['ru', 'Фильтр'],
      ['ar', 'تصفية'],
    ] as const) {
      const phone = await open('owner', { viewport: { width: 390, height: 800 }, locale: language, colorScheme: 'dark' })
      await phone.goto(`${world.url}/inbox`)
      await row(phone, 'Ada').waitFor()
      await phone.getByRole('button', { name: filter }).click()
      await phone.getByTestId('narrow').waitFor()
      expect([language, await troubles(phone)]).toEqual([language, []])
      await photograph(phone, `labels-390-${language}`)
      await row(phone, 'Ada').click()
      await phone.getByTestId('message-bubble').first().waitFor()
      expect([language, await troubles(phone)]).toEqual([language, []])
      await photograph(phone, `labels-390-thread-${language}`)
      await phone.goto(`${world.url}/settings/labels`)
      await phone.getByTestId('label-line').first().waitFor()
      expect([language, await troubles(phone)]).toEqual([language, []])
      const spills = () => phone.evaluate(() => document.documentElement.scrollWidth > innerWidth)
      expect([language, await spills()]).toEqual([language, false])
      await photograph(phone, `labels-390-settings-${language}`)
      await phone.context().close()
    }
  })

  test('a legal hold is placed on the business with its reason, says who and when, and is lifted', async () => {
    await owner.goto(`${world.url}/settings/business`)
    const card = owner.getByTestId('holds')
    await card.getByText('No hold is in force.').waitFor()
    await card.getByRole('textbox', { name: 'Reason' }).fill('Case 4711')
    await card.getByRole('button', { name: 'Place a hold' }).click()
    const line = card.getByTestId('hold')
    await line.getByText('Case 4711').waitFor()
    expect(await line.textContent()).toContain('owner Person')
    expect(await card.getByTestId('hold-form').count()).toBe(0)
    expect(await troubles(owner)).toEqual([])
    await photograph(owner, 'holds')
    await line.getByRole('button', { name: 'Lift' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Lift' }).click()
    await card.getByText('No hold is in force.').waitFor()
  })

  test('and on one person, beside their conversation; an agent has nothing of it', async () => {
    await owner.goto(`${world.url}/inbox`)
    await row(owner, 'Cleo').click()
    const part = owner.getByTestId('person-hold')
    await part.getByRole('textbox', { name: 'Reason' }).fill('A dispute')
    await part.getByRole('button', { name: 'Place a hold' }).click()
    await part.getByTestId('hold').getByText('A dispute').waitFor()
    // The notice that comes with it is faint while it fades in.
    await expect.poll(() => troubles(owner), { timeout: 8000 }).toEqual([])
    await photograph(owner, 'hold-person')
    await owner.goto(`${world.url}/settings/business`)
    await owner.getByTestId('holds').getByRole('link', { name: 'Person' }).waitFor()
    await agent.goto(`${world.url}/inbox`)
    await row(agent, 'Cleo').click()
    await agent.getByRole('complementary', { name: 'Details' }).getByText('Cleo Park').waitFor()
    expect(await agent.getByTestId('person-hold').count()).toBe(0)
  })
})
