/// <reference lib="dom" />
/** Calls at the console: the real server, Twilio's side simulated, Chromium. */
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
describe.skipIf(!present)('calls at the console', () => {
  let world: World
  let phones: Telephones
  let browser: Browser
  let agent: Page
  const problems: string[] = []
  const ada = '+14155560142'

  beforeAll(async () => {
    world = await createWorld()
    phones = await startTelephones(world)
    await world.api('PATCH', '/business/calls', { forwardTo: '+14155550001', ringSeconds: 5 }, 'owner')
    browser = await launchBrowser()
    agent = await open()
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
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    return page
  }
  const row = (page: Page, text: string) => page.locator('a[data-call]').filter({ hasText: text })

  test('before the first call the page says what to do, and a call appears as it comes', async () => {
    await agent.goto(`${world.url}/calls`)
    await agent.getByText('No calls yet').waitFor()
    await photograph(agent, 'calls-empty')
    await phones.over(phones.rings(ada, { kind: 'nobody', afterMs: 20 }))
    await row(agent, ada).getByText('Nobody answered').waitFor()
    await phones.over(phones.rings('anonymous', { kind: 'busy' }))
    await row(agent, 'Number withheld').waitFor()
    await phones.over(phones.rings('+14155560143', { kind: 'person', talkMs: 30 }))
    await row(agent, '+14155560143').getByText('Answered').waitFor()
  })
  test('the story goes from the ring to the text, the lead and the conversation', async () => {
    await until('the text has arrived', () => phones.texts(ada).length === 1)
    phones.simulator.customerSends({ from: ada, to: phones.number, body: 'The boiler is cold' })
    await row(agent, ada).click()
    const story = agent.getByRole('article')
    await story.getByText('Hi! Sorry we missed your call. How can we help?').waitFor()
    await story.getByRole('heading', { name: 'Lead' }).waitFor()
    // As what was said, and as what the lead is about; both come by themselves.
    await until('the story has gone on', async () => (await story.getByText('The boiler is cold').count()) === 2)
    await photograph(agent, 'calls-story')
    expect(await troubles(agent)).toEqual([])
    await story.getByRole('link', { name: 'To the conversation' }).click()
    await agent.getByText('Missed call: Nobody answered').waitFor()
  })
  test('the list is filtered, and walked by keys', async () => {
    await agent.goto(`${world.url}/calls`)
    await row(agent, ada).waitFor()
    await agent.getByRole('link', { name: 'Missed', exact: true }).click()
    // For a moment there is none at all.
    const shown = async (state: string) => await agent.locator(`a[data-call${state}]`).count()
    await until('only missed calls are shown', async () => (await shown('="completed"')) === 0 && (await shown('')) > 0)
    await agent.keyboard.press('j')
    await agent.waitForURL(/\/calls\/[0-9a-f-]{36}\?show=missed/)
    await agent.getByRole('heading', { level: 2, name: 'Number withheld' }).waitFor()
    await agent.getByText('The number is withheld: there is nobody to text.').waitFor()
    await agent.keyboard.press('Escape')
    await agent.waitForURL(/\/calls\?show=missed$/)
  })
  test('on a telephone, in the dark and from right to left it is one pane at a time, and nothing is in the way', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    await page.goto(`${world.url}/calls`)
    await row(page, ada).waitFor()
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'calls-phone')
    await row(page, ada).click()
    await page.getByRole('article').getByRole('listitem').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'calls-phone-story')
    await page.goBack()
    await row(page, ada).waitFor()
  })
})
