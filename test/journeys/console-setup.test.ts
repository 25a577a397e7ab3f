/** Setting a business up at the console: hours, a number with a message to oneself, keys; and what a suspension does. */
import { randomBytes } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { digits } from '../world/arrange.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import type { Person } from '../world/business.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('setting up at the console', () => {
  let world: World
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    world = await createWorld({ settings: (graphUrl) => ({ WHATSAPP_GRAPH_URL: graphUrl }) })
    browser = await launchBrowser()
    page = await newPerson(world.business.people.owner)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function newPerson(person: Person): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = person.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const made = await context.newPage()
    made.on('pageerror', (error) => problems.push(error.message))
    return made
  }
  const settings = (section: string) => page.goto(`${world.url}/settings/${section}`)

  test('hours are kept, a night shift among them, and the page says when it opens', async () => {
    await settings('hours')
    const form = page.getByTestId('hours-form')
    for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
      await form.getByRole('checkbox', { name: day }).setChecked(day === 'Saturday')
    await form.getByLabel('Saturday: opens').fill('22:00')
    await form.getByLabel('Saturday: closes').fill('06:00')
    await form.getByText('until the next day').waitFor()
    await form.getByLabel('Time zone').selectOption('Asia/Tokyo')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved').waitFor()
    await page.reload()
    expect(await form.getByLabel('Saturday: closes').inputValue()).toBe('06:00')
    expect(await form.getByRole('checkbox', { name: 'Monday' }).isChecked()).toBe(false)
    const said = await page.getByTestId('hours-preview').innerText()
    expect(said).toMatch(/^(Open now, closes|Closed now, opens) /)
    const { body } = await world.api<{ hours: Record<string, unknown>; timezone: string }>(
      'GET',
      '/business',
      undefined,
      'owner',
    )
    expect(body).toMatchObject({
      timezone: 'Asia/Tokyo',
      hours: { saturday: { open: '22:00', close: '06:00', enabled: true }, monday: { enabled: false } },
    })
  })

  test('the business profile is kept', async () => {
    await settings('business')
    const form = page.getByTestId('business-form')
    await form.getByRole('textbox', { name: 'Trade' }).fill('plumbing')
    await form.getByRole('textbox', { name: 'Address' }).fill('221B Baker Street')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved').waitFor()
    await page.reload()
    expect(await form.getByRole('textbox', { name: 'Trade' }).inputValue()).toBe('plumbing')
  })

  test('who leaves business or hours with something unsaved is asked first, whichever form it is on', async () => {
    const asked = page.getByRole('dialog', { name: 'Leave without saving?' })
    const away = () => page.getByRole('link', { name: 'Team', exact: true }).click()
    await settings('business')
    const answers = page.getByTestId('answers-form').getByRole('textbox', { name: 'Seconds until the assistant answers' })
    const before = await answers.inputValue()
    await answers.fill('77')
    await away()
    await asked.getByRole('button', { name: 'Stay' }).click()
    expect(await answers.inputValue()).toBe('77')
    await answers.fill(before)
    await away()
    await page.waitForURL('**/settings/team')
    await settings('hours')
    const form = page.getByTestId('hours-form')
    await form.getByRole('checkbox', { name: 'Sunday' }).click()
    await away()
    await asked.getByRole('button', { name: 'Leave without saving' }).click()
    await page.waitForURL('**/settings/team')
    await settings('hours')
    await form.getByLabel('Time zone').selectOption('Europe/Lisbon')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).first().waitFor()
    await away()
    await page.waitForURL('**/settings/team')
    await settings('business')
  })

  test('where the business is, in kilometres, and after how much silence a conversation is over', async () => {
    const form = page.getByTestId('business-form')
    await form.getByRole('textbox', { name: 'Latitude' }).fill('38.7223')
    await form.getByText('One alone is no place').waitFor()
    expect(await form.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await form.getByRole('textbox', { name: 'Longitude' }).fill('-9.1393')
    await form.getByLabel('Distances in').selectOption('km')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).first().waitFor()
    const answers = page.getByTestId('answers-form')
    await answers.getByLabel('A conversation is over after silence').selectOption('after')
    await answers.getByRole('textbox', { name: 'Hours of silence' }).fill('48')
    await answers.getByRole('button', { name: 'Save' }).click()
    await until('both are kept', async () => {
      const { body } = await world.api<Record<string, unknown>>('GET', '/business', undefined, 'owner')
      return body.latitude === 38.7223 && body.longitude === -9.1393 && body.autoCloseHours === 48
    })
    const { body } = await world.api<{ settings: object }>('GET', '/business', undefined, 'owner')
    expect(body.settings).toMatchObject({ distanceUnit: 'km' })
    await page.reload()
    expect(await form.getByLabel('Distances in').inputValue()).toBe('km')
    await answers.getByLabel('A conversation is over after silence').selectOption('standard')
    await answers.getByRole('button', { name: 'Save' }).click()
    await until('it is as the channel again', async () => {
      const { body } = await world.api<Record<string, unknown>>('GET', '/business', undefined, 'owner')
      return body.autoCloseHours === null
    })
    expect(await troubles(page)).toEqual([])
  })

  test('the time until the assistant answers is the business’s, until somebody has one of their own, and again', async () => {
    const own = page.getByRole('checkbox', { name: /^My own time until the assistant answers/ })
    const kept = async () =>
      (await world.api<{ preferences: { aiTakeoverDelay: number | null } }>('GET', '/me', undefined, 'owner')).body.preferences
        .aiTakeoverDelay
    await world.api('PATCH', '/business', { aiTakeoverDelay: 90 }, 'owner')
    await settings('profile')
    await page.getByText('Off: as the business, 90 seconds.').waitFor()
    expect([await own.isChecked(), await kept()]).toEqual([false, null])
    await own.check()
    const seconds = page.getByRole('textbox', { name: 'My own time until the assistant answers' })
    await seconds.fill('30')
    await seconds.blur()
    await until('it is kept', async () => (await kept()) === 30)
    await page.reload()
    expect(await seconds.inputValue()).toBe('30')
    await own.uncheck()
    await until('it is the business’s again', async () => (await kept()) === null)
  })

  test('a number is connected step by step, and a message to oneself arrives on the phone', async () => {
    const { simulator } = world
    const [phoneNumberId, wabaId, appId, me] = [digits(15), digits(15), digits(15), `1650${digits(7)}`]
    const [secret, accessToken] = [randomBytes(16).toString('hex'), `EAAB${randomBytes(16).toString('hex')}`]
    simulator.addApp({ id: appId, secret, verifyToken: 'not yet', webhookUrl: `${world.url}/webhooks/nowhere` })
    simulator.addNumber({
      ...{ phoneNumberId, wabaId, accessToken, appId, portfolioId: digits(12) },
      displayPhoneNumber: '+15557770123',
      verifiedName: 'Second shop',
    })
    simulator.addCustomer({ phone: me, name: 'Olga herself' })
    await settings('channels')
    await page.getByRole('button', { name: 'Connect a WhatsApp number' }).click()
    const form = page.getByTestId('connect-form')
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill('Second shop')
    await form.getByRole('textbox', { name: 'Phone number ID' }).fill(phoneNumberId)
    await form.getByRole('textbox', { name: 'WhatsApp Business account ID' }).fill(wabaId)
    await form.getByRole('textbox', { name: 'Access token' }).fill(accessToken)
    await form.getByRole('checkbox', { name: /app of our own/ }).check()
    await form.getByRole('textbox', { name: 'App secret' }).fill(secret)
    expect(await troubles(page)).toEqual([])
    await form.getByRole('button', { name: 'Connect' }).click()

    const webhook = page.getByTestId('webhook').locator('code')
    await webhook.nth(1).waitFor()
    const [webhookUrl, verifyToken] = [await webhook.nth(0).innerText(), await webhook.nth(1).innerText()]
    simulator.addApp({ id: appId, secret, verifyToken, webhookUrl })
    await page.getByRole('button', { name: 'Go on to the check' }).click()

    const setup = page.getByTestId('account-setup')
    await setup.getByText('Something is missing').waitFor()
    const test = page.getByTestId('test-form')
    await test.getByRole('textbox').fill(`+${me}`)
    await test.getByRole('button', { name: 'Send' }).click()
    await page.getByTestId('test-answer').getByText('for 24 hours after that').waitFor()

    simulator.customerSends({ from: me, to: phoneNumberId, text: 'Hello, my own shop' })
    await test.getByRole('button', { name: 'Send' }).click()
    await until('the test message is on the phone', async () => {
      if (await page.getByTestId('test-answer').getByText('on its way').isVisible()) return true
      await test.getByRole('button', { name: 'Send' }).click()
      await page.waitForTimeout(300)
      return false
    })
    await page
      .getByTestId('test-answer')
      .getByText(/has arrived|has been read/)
      .waitFor()
    expect(simulator.accepted.some((sent) => sent.to.includes(me))).toBe(true)
    // What is left is the address: nobody outside reaches a server on this machine.
    for (const step of ['token', 'webhook_received', 'message_sent'])
      await setup.locator(`[data-step="${step}"][data-done]`).waitFor()
    await settings('channels')
    await page.getByRole('heading', { name: 'Second shop' }).waitFor()
  })

  test('a key with few rights works for those and is refused the rest', async () => {
    await settings('keys')
    const form = page.getByTestId('key-form')
    await form.getByRole('textbox', { name: 'What is it for?' }).fill('Website')
    await form.getByLabel('Valid').selectOption('30')
    await form.getByRole('checkbox', { name: 'Only certain actions' }).check()
    await form.getByRole('checkbox', { name: 'contacts.read' }).check()
    expect(await troubles(page)).toEqual([])
    await form.getByRole('button', { name: 'Create key' }).click()
    const key = await page.getByTestId('new-key').innerText()
    await page.getByTestId('api-keys').getByText('1 action').waitFor()
    const ask = async (path: string) =>
      (await fetch(`${world.url}/api${path}`, { headers: { authorization: `Bearer ${key}` } })).status
    expect([await ask('/contacts'), await ask('/conversations')]).toEqual([200, 403])
  })

  test('the log shows who did all this', async () => {
    await settings('audit')
    const log = page.getByTestId('audit')
    await log.getByText('owner Person connected the number Second shop').waitFor()
    await log.getByText('owner Person made the API key Website').waitFor()
    await log
      .getByText(/owner Person changed the business profile/)
      .first()
      .waitFor()
  })

  test('while the business is suspended its people read and cannot send; afterwards they can again', async () => {
    world.customer('16505550199', 'Waiting Wanda').says('Is anybody there?')
    await world.settle()
    const agent = await newPerson(world.business.people.agent)
    await agent.goto(`${world.url}/inbox`)
    await agent.getByTestId('conversation-row').filter({ hasText: 'Waiting Wanda' }).click()
    await agent.getByTestId('composer-input').fill('Nearly sent')
    await world.database.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [world.business.tenantId])
    // The page learns of it by the refusal, within the minute at the latest.
    await agent.keyboard.press('Enter')
    await agent.getByTestId('suspended-bar').waitFor()
    await agent.getByText('Nothing can be sent').waitFor()
    expect(await agent.getByTestId('composer-input').count()).toBe(0)
    await agent.getByText('Is anybody there?').last().waitFor()
    expect(world.simulator.accepted.some((sent) => sent.to.includes('16505550199'))).toBe(false)
    await world.database.owner.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [world.business.tenantId])
    await agent.reload()
    await agent.getByTestId('composer-input').waitFor()
    await agent.context().close()
  })
})
