/// <reference lib="dom" />
/** The contact centre in the settings: connected, looked at, given a number, its rules; in the dark and from right to left. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

// One story: each test goes on where the one before ended.
describe.skipIf(!present)('the contact centre in the settings', () => {
  let world: World
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    world = await createWorld()
    browser = await launchBrowser()
    page = await open('owner')
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  async function open(who: 'owner' | 'agent', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people[who].cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const made = await context.newPage()
    await made.goto(`${world.url}/settings/centre`)
    return made
  }
  const centre = async () => (await world.api('GET', '/contact-centre', undefined, 'owner')).body

  test('is connected with what Genesys gave, and says where it has to deliver; no secret is shown again', async () => {
    const form = page.getByTestId('centre-form')
    await form.getByRole('textbox', { name: 'Region' }).fill('nowhere.invalid')
    await form.getByRole('textbox', { name: 'Client id' }).fill('client-4711')
    await form.getByLabel('Client secret').fill('a client secret')
    await form.getByRole('textbox', { name: 'Integration id' }).fill('integration-4711')
    await form.getByLabel('Webhook secret').fill('a webhook secret of some length')
    await form.getByRole('button', { name: 'Connect' }).click()
    const { webhookUrl } = await expect.poll(centre).toMatchObject({ configured: true }).then(centre)
    await page
      .getByTestId('centre-state')
      .getByText(webhookUrl as string)
      .waitFor()
    expect(await page.content()).not.toContain('a client secret')
  })
  test('says that it does not answer when it is asked', async () => {
    const nowhere = 'http://127.0.0.1:1'
    const values = { clientId: 'c', clientSecret: 'a secret value', apiUrl: nowhere, loginUrl: nowhere }
    await world.api('PUT', `/tenants/${world.business.tenantId}/credentials/genesys`, { values }, 'owner')
    const state = page.getByTestId('centre-state')
    await state.getByRole('button', { name: 'Check now' }).click()
    await state.getByText(/Works in part|Stopped/).waitFor()
    expect((await centre()).state).not.toBe('connected')
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'centre', { fullPage: true })
  })
  test('answers the numbers that are chosen, by the rules that are set', async () => {
    const number = page.getByTestId('centre-numbers').getByRole('checkbox')
    await number.click()
    await expect.poll(centre).toMatchObject({ accounts: [{ id: world.business.accountId }] })
    await expect.poll(() => number.isEnabled()).toBe(true)
    await number.click()
    await expect.poll(centre).toMatchObject({ accounts: [] })
    const rules = page.getByTestId('centre-rules')
    await rules.getByLabel('Hours of silence').fill('48')
    await rules.getByLabel('Minutes after which people get').fill('30')
    await rules.getByRole('button', { name: 'Save' }).click()
    await expect
      .poll(centre)
      .toMatchObject({ settings: { expireHours: 48, handOverAfterMinutes: 30, disconnectOnTakeover: true } })
    await rules.getByLabel('Minutes after which people get').fill('')
    await rules.getByRole('button', { name: 'Save' }).click()
    await expect.poll(centre).toMatchObject({ settings: { handOverAfterMinutes: null } })
  })
  test('on a phone in the dark, also from right to left; an agent has no such page', async () => {
    for (const [locale, title] of [
      ['ar', 'مركز الاتصال'],
      ['ru', 'Контакт-центр'],
    ] as const) {
      const phone = await open('owner', { viewport: { width: 390, height: 800 }, locale, colorScheme: 'dark' })
      await phone.getByRole('heading', { name: title }).waitFor()
      await phone.getByTestId('centre-rules').waitFor()
      expect([locale, await troubles(phone)]).toEqual([locale, []])
      await photograph(phone, `centre-390-${locale}`, { fullPage: true })
      await phone.context().close()
    }
    const agent = await open('agent')
    await agent.getByRole('heading', { name: 'Channels' }).waitFor()
    expect(await agent.getByTestId('centre-form').count()).toBe(0)
    await agent.context().close()
  })
})
