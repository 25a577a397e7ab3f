/** Telephone numbers at the console: looked for, bought, followed to the end, suspended and given back; and one of Twilio's connected. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { calls, fault, offered, owned, provider, stock } from '../world/numbers.ts'
import { accountSid, ada, authToken, createTwilioWorld, type TwilioWorld } from '../world/twilio.ts'
import { until } from '../world/until.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('numbers at the console', () => {
  let world: TwilioWorld
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    world = await createTwilioWorld()
    stock(world)
    browser = await launchBrowser()
    page = await open({ width: 1440, height: 900 })
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function open(
    viewport: { width: number; height: number },
    more: { colorScheme?: 'dark'; locale?: string } = {},
    cookie = world.business.people.owner.cookie,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport, ...more })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = cookie.split(/=(.*)/s)
    await context.addCookies([{ name, value, url: world.url }])
    const made = await context.newPage()
    made.on('pageerror', (error) => problems.push(error.message))
    return made
  }
  const number = (on = page) => on.getByTestId('number').filter({ hasText: offered[1] }).first()
  const search = (on = page) => on.getByTestId('number-search')

  test('a number is looked for, with its price, and nothing is bought before that was agreed to', async () => {
    await page.goto(`${world.url}/settings/numbers`)
    await page.getByText('No number was bought here yet.').waitFor()
    await page.getByText('the Twilio account of your connected number').waitFor()
    await page.getByRole('button', { name: 'Buy a number' }).click()
    await search().getByLabel('Area code').fill('212')
    await search().getByRole('button', { name: 'Search' }).click()
    await page.getByText('There is no such number').waitFor()
    await search().getByLabel('Area code').fill('415')
    await search().getByLabel('Contains').fill('0102')
    // By keyboard, as anybody may.
    await search().getByLabel('Contains').press('Enter')
    const offer = page.getByTestId('offers').getByRole('listitem')
    await offer.filter({ hasText: offered[1] }).waitFor()
    expect(await offer.count()).toBe(1)
    expect(await offer.innerText()).toMatch(/San Francisco, CA · Calls · SMS · Pictures[\s\S]*\$1\.15 a month/)
    expect(await troubles(page)).toEqual([])
    await offer.getByRole('button', { name: `Buy: ${offered[1]}` }).click()
    await page.getByRole('dialog').getByText(`Twilio charges your account $1.15 a month`).waitFor()
    expect(owned(world)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(owned(world)).toEqual([])
  })

  test('bought, its steps are told as they go, what one waits for too, and then a customer writes to it', async () => {
    fault(world, calls.service, { kind: 'garbage', status: 503 }, 4)
    await page.getByRole('button', { name: `Buy: ${offered[1]}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Buy' }).click()
    const steps = number().getByTestId('steps')
    await steps.locator('[data-step="service"][data-state="waiting"]').waitFor()
    expect(await steps.locator('[data-step="webhooks"]').getAttribute('data-state')).toBe('done')
    expect(await number().getByTestId('waiting').innerText()).toMatch(/Twilio did not answer[\s\S]*tried again by itself/)
    expect(await troubles(page)).toEqual([])
    world.twilio.faults.clear()
    await number()
      .getByRole('button', { name: `Try now: ${offered[1]}` })
      .click()
    await number().getByText('Active', { exact: true }).waitFor()
    expect(owned(world)).toEqual([offered[1]])
    await page.getByText('This business may have 1 number at a time').waitFor()

    world.twilio.customerSends({ from: ada, to: offered[1], body: 'Is this your new number?' })
    await world.settle()
    await page.goto(`${world.url}/inbox`)
    await page.getByTestId('conversation-row').filter({ hasText: 'Is this your new number?' }).waitFor()
  })

  test('it cannot be disconnected by another way: the page says what to do', async () => {
    const { body } = await world.api<{ items: { id: string; address: string }[] }>('GET', '/accounts')
    const account = body.items.find((one) => one.address === offered[1])
    const { status } = await world.api('DELETE', `/accounts/${account?.id}`, undefined, 'owner')
    expect(status).toBe(409)
  })

  test('where its calls and texts go is asked of Twilio, and set again where somebody changed it there', async () => {
    await page.goto(`${world.url}/settings/channels`)
    await page.getByRole('button', { name: 'Set-up and check' }).last().click()
    const delivery = page.getByTestId('delivery')
    await delivery.getByText('Calls and texts arrive here.').waitFor()
    expect(await page.getByTestId('account-setup').getByText('In the Twilio console open the number').count()).toBe(0)
    expect(await troubles(page)).toEqual([])
    const there = [...world.twilio.world.numbers.values()].find((one) => one.phoneNumber === offered[1])
    Object.assign(there?.settings ?? {}, { VoiceUrl: 'https://elsewhere.example/voice' })
    await page.goto(`${world.url}/settings/numbers`)
    await page.getByRole('button', { name: `Check delivery: ${offered[1]}` }).press('Enter')
    await delivery.getByText('https://elsewhere.example/voice').waitFor()
    expect(await troubles(page)).toEqual([])
    await delivery.getByRole('button', { name: `Set again: ${offered[1]}` }).press('Enter')
    await delivery.getByText('Calls and texts arrive here.').waitFor()
    expect(there?.settings.VoiceUrl).toMatch(/\/hooks\/twilio\/.*\/voice$/)
  })

  test('suspended and resumed, on a telephone in the dark as well', async () => {
    const small = await open({ width: 390, height: 844 }, { colorScheme: 'dark' })
    await small.goto(`${world.url}/settings/numbers`)
    await number(small)
      .getByRole('button', { name: `Suspend: ${offered[1]}` })
      .click()
    await small.getByRole('dialog').getByText('Nothing is sent or answered').waitFor()
    await small.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
    await number(small).getByText('Suspended', { exact: true }).waitFor()
    expect(await troubles(small)).toEqual([])
    // Whoever looks elsewhere sees it too.
    await page.goto(`${world.url}/settings/numbers`)
    await number().getByText('Suspended', { exact: true }).waitFor()
    await number(small)
      .getByRole('button', { name: `Resume: ${offered[1]}` })
      .click()
    await number().getByText('Active', { exact: true }).waitFor()
    await small.context().close()
  })

  test('released, it is gone at Twilio and stands among the former ones; there is room for another', async () => {
    await number()
      .getByRole('button', { name: `Release: ${offered[1]}` })
      .click()
    await page.getByRole('dialog').getByText('somebody else may get it').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click()
    await page.getByText('1 former number').waitFor()
    await until('Twilio has it no more', () => owned(world).length === 0)
    await page.getByRole('button', { name: 'Buy a number' }).waitFor()
  })

  test('one that cannot be had says why and what to do, and that nothing is paid', async () => {
    fault(world, calls.buy, { kind: 'error', code: 21631, status: 400 })
    await page.getByRole('button', { name: 'Buy a number' }).click()
    await search().getByRole('button', { name: 'Search' }).click()
    await page.getByRole('button', { name: `Buy: ${offered[0]}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Buy' }).click()
    await page.getByText('2 former numbers').click()
    const failed = page.getByTestId('number').filter({ hasText: offered[0] })
    await failed.getByText('The country asks for an address of the business').waitFor()
    await failed.getByText('Nothing is paid for this number.').waitFor()
    expect(owned(world)).toEqual([])
  })

  test('without an account at Twilio one is asked for first, and a wrong one is refused in words', async () => {
    const other = await world.addBusiness('Harbour Plumbing')
    const theirs = await open({ width: 1024, height: 800 }, {}, other.people.owner.cookie)
    await theirs.goto(`${world.url}/settings/numbers`)
    const form = theirs.getByTestId('number-provider')
    await form.getByLabel('Account SID').fill(provider.accountSid)
    await form.getByLabel('Auth token').first().fill('not-the-token')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('Enter the auth token again').waitFor()
    await form.getByLabel('Auth token').first().fill(provider.authToken)
    await form.getByRole('button', { name: 'Save' }).click()
    await theirs.getByRole('button', { name: 'Buy a number' }).waitFor()
    expect(await troubles(theirs)).toEqual([])
    await theirs.context().close()
  })

  test('from right to left', async () => {
    const arabic = await open({ width: 390, height: 844 }, { locale: 'ar' })
    await arabic.goto(`${world.url}/settings/numbers`)
    await arabic.getByRole('button', { name: 'شراء رقم' }).click()
    await search(arabic).getByRole('button', { name: 'بحث' }).click()
    await arabic.getByTestId('offers').getByText(offered[2]).waitFor()
    expect(await troubles(arabic)).toEqual([])
    await arabic.context().close()
  })

  test('a number that is at Twilio already is connected: what to enter there can be copied, and then it works', async () => {
    const own = '+15550100077'
    world.twilio.addNumber({ accountSid, phoneNumber: own })
    await page.goto(`${world.url}/settings/channels`)
    await page.getByRole('button', { name: 'Connect a Twilio number' }).click()
    const form = page.getByTestId('twilio-form')
    await form.getByLabel('Name').fill('Second desk')
    await form.getByLabel('Number', { exact: true }).fill('+1 555 010 0077')
    await form.getByLabel('Account SID').fill(accountSid)
    await form.getByLabel('Auth token').first().fill(authToken)
    await form.getByRole('button', { name: 'Connect' }).click()
    const webhook = page.getByTestId('twilio-webhook')
    await webhook.waitFor()
    expect(await troubles(page)).toEqual([])
    const lines = await webhook.locator('code').allInnerTexts()
    expect(lines).toHaveLength(3)
    const [texts = '', voice = '', status = ''] = lines
    const there = [...world.twilio.world.numbers.values()].find((one) => one.phoneNumber === own)
    Object.assign(there?.settings ?? {}, { SmsUrl: texts, VoiceUrl: voice, StatusCallback: status })
    world.twilio.customerSends({ from: '+15550107002', to: own, body: 'To the second desk' })
    world.twilio.customerCalls({ from: '+15550107002', to: own })
    await world.settle()
    const { body } = await world.api<{ items: object[] }>('GET', '/calls')
    expect(body.items).toHaveLength(1)
    await page.getByRole('button', { name: 'Go on to the check' }).click()
    await page.getByTestId('account-setup').locator('[data-step="webhook_received"][data-done]').waitFor()
  })
})
