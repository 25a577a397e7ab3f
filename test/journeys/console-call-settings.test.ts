/// <reference lib="dom" />
/** Settings of calls at the console: the real server, Twilio's side simulated, Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

// One story: each test goes on where the one before ended.
describe.skipIf(!present)('settings of calls at the console', () => {
  let world: World
  let phones: Telephones
  let browser: Browser
  let owner: Page
  const problems: string[] = []

  beforeAll(async () => {
    world = await createWorld()
    phones = await startTelephones(world)
    await world.api('PATCH', '/business', { timezone: 'America/New_York', name: 'Baker Street Plumbing' }, 'owner')
    browser = await launchBrowser()
    owner = await open('owner')
  })
  afterAll(async () => {
    await browser?.close()
    await phones?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function open(who: 'owner' | 'viewer', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people[who].cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`${world.url}/settings/calls`)
    await page.getByTestId('call-settings').waitFor()
    return page
  }
  const saved = async () => (await world.api<Record<string, unknown>>('GET', '/business/calls', undefined, 'owner')).body
  const form = () => owner.getByTestId('call-settings')
  const imagine = () => owner.getByTestId('imagine')
  const rule = (name: string) => owner.locator(`[data-testid="imagined"][data-rule="${name}"]`)
  const save = () => form().getByRole('button', { name: 'Save', exact: true })

  test('what is changed is tried before it is saved, and nothing is sent', async () => {
    await imagine().getByLabel('Day').fill('2026-01-15')
    await imagine().getByLabel('Time there').fill('23:30')
    await rule('no_answer').getByText('A text goes at once').waitFor()
    await form()
      .getByRole('checkbox', { name: /^Quiet hours/ })
      .check()
    await rule('quiet_hours').getByText('Fri, Jan 16, 07:00 AM').waitFor()
    await form()
      .getByRole('checkbox', { name: /^Another text while you are closed/ })
      .check()
    await form().getByRole('textbox', { name: 'Text while closed' }).fill('[BUSINESS] is closed 🌙')
    await rule('quiet_hours').getByText('Baker Street Plumbing is closed 🌙').waitFor()
    await rule('quiet_hours').getByText('1 SMS · UCS-2 · 36 left').waitFor()
    await imagine().getByLabel('Time there').fill('20:00')
    await rule('after_hours').getByText('The text for closed hours goes at once').waitFor()
    await imagine().getByLabel('Caller', { exact: true }).selectOption('landline')
    await rule('landline').getByText('Your team is told').waitFor()
    await imagine().getByLabel('Caller', { exact: true }).selectOption('withheld')
    await rule('withheld').waitFor()
    await imagine().getByText('All rules').click()
    const applies = owner.getByTestId('call-rules').locator('[aria-current="true"]')
    expect(await applies.getAttribute('data-rule')).toBe('withheld')
    await photograph(owner, 'call-settings-preview')
    expect(await saved()).toMatchObject({ quietHours: null, afterHoursText: null })
    expect((await world.api<{ items: unknown[] }>('GET', '/calls')).body.items).toEqual([])
  })

  test('a number that is none and a time that is too short are told at the field, and nothing of it is saved', async () => {
    await form().getByRole('textbox', { name: 'Seconds it rings' }).fill('3')
    await form().getByText('A whole number from 5 to 60.').waitFor()
    expect(await save().isDisabled()).toBe(true)
    await form().getByRole('textbox', { name: 'Seconds it rings' }).fill('12')
    // Enough digits for a number, and none of any country: only the server knows that.
    await form().getByRole('textbox', { name: 'Telephone that rings' }).fill('+1 000 000')
    await save().click()
    await form().getByText('This is no telephone number.').waitFor()
    expect(await saved()).toMatchObject({ ringSeconds: 20, quietHours: null })
    await form().getByRole('textbox', { name: 'Telephone that rings' }).fill('(415) 555-0001')
    await save().click()
    await owner.getByText('Saved', { exact: true }).first().waitFor()
    expect(await saved()).toMatchObject({
      ...{ forwardTo: '+14155550001', ringSeconds: 12, afterHoursText: '[BUSINESS] is closed 🌙' },
      quietHours: { from: '22:00', to: '07:00' },
    })
    expect(await troubles(owner)).toEqual([])
  })

  test('the length is shown as one types, and the standard text comes back and goes again', async () => {
    const usual = form().locator('[data-field="text"]')
    await usual.getByText('1 SMS · GSM-7 · 113 left').waitFor()
    await usual.getByRole('textbox').fill(`${'a'.repeat(160)}[TRADE]`)
    await usual.getByText('2 SMS · GSM-7').waitFor()
    await form().getByLabel('Standard texts in').selectOption('es')
    await usual.getByRole('button', { name: 'Standard text: The text' }).click()
    expect(await usual.getByRole('textbox').inputValue()).toContain('Hola')
    await owner.getByRole('button', { name: 'Undo' }).click()
    expect(await usual.getByRole('textbox').inputValue()).toContain('[TRADE]')
    await form().getByRole('button', { name: 'Everything to standard' }).click()
    expect(await form().getByRole('textbox', { name: 'Seconds it rings' }).inputValue()).toBe('20')
    expect(await form().getByRole('textbox', { name: 'Telephone that rings' }).inputValue()).toBe('+14155550001')
    await owner.getByRole('button', { name: 'Undo' }).last().click()
    expect(await form().getByRole('textbox', { name: 'Seconds it rings' }).inputValue()).toBe('12')
  })

  test('whoever leaves with unsaved changes is asked, and stays or goes', async () => {
    await form().getByText('Not saved yet').waitFor()
    await owner.getByRole('link', { name: 'Business hours', exact: true }).click()
    const question = owner.getByRole('dialog', { name: 'Leave without saving?' })
    await question.waitFor()
    await photograph(owner, 'call-settings-leave')
    await question.getByRole('button', { name: 'Stay' }).click()
    await question.waitFor({ state: 'hidden' })
    expect(new URL(owner.url()).pathname).toBe('/settings/calls')
    await owner.getByRole('link', { name: 'Business hours', exact: true }).click()
    await question.getByRole('button', { name: 'Leave without saving' }).click()
    await owner.getByTestId('hours-form').waitFor()
    await owner.goBack()
    await form().waitFor()
    expect(await form().locator('[data-field="text"]').getByRole('textbox').inputValue()).toContain('Sorry we missed your call')
  })

  test('what is set is what happens to the next call', async () => {
    await form()
      .getByRole('checkbox', { name: /^Text callers whom nobody answered/ })
      .uncheck()
    await save().click()
    await owner.getByText('Saved', { exact: true }).first().waitFor()
    await phones.over(phones.rings('+14155560142', { kind: 'nobody', afterMs: 20 }))
    await until('the call was decided', async () => {
      const { body } = await world.api<{ items: { rule: string | null }[] }>('GET', '/calls')
      return body.items[0]?.rule === 'automatic_off'
    })
    expect(phones.texts('+14155560142')).toEqual([])
  })

  test('who may not change it reads and tries it; on a telephone, in the dark and from right to left', async () => {
    const page = await open('viewer', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    await page.getByTestId('imagined').waitFor()
    expect(await page.getByTestId('call-settings').getByRole('button').count()).toBe(0)
    expect(await page.getByTestId('call-settings').getByRole('textbox').first().isDisabled()).toBe(true)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'call-settings-phone')
    await page.getByTestId('imagined').scrollIntoViewIfNeeded()
    await photograph(page, 'call-settings-phone-preview')
  })
})
