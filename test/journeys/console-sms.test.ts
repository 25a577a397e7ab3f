/** The console where customers write SMS: what is being written is counted in pieces, and so is what was sent. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { ada, createTwilioWorld, shop, type TwilioWorld } from '../world/twilio.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('SMS in the console', () => {
  let world: TwilioWorld
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    world = await createTwilioWorld()
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const [name = '', value = ''] = world.business.people.agent.cookie.split(/=(.*)/s)
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
    world.twilio.customerSends({ from: ada, to: shop, body: 'Do you come on Sundays?' })
    await world.settle()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  test('the composer counts pieces, and a message of several says so', async () => {
    await page.goto(world.url)
    await page.getByTestId('conversation-row').first().click()
    const box = page.getByTestId('composer-input')
    await box.fill('x'.repeat(161))
    await page.getByTestId('pieces').getByText('2 SMS, 145 left').waitFor()
    await box.fill('Привет')
    await page.getByTestId('pieces').getByText('1 SMS, 64 left').waitFor()
    expect(await page.getByTestId('pieces').getAttribute('title')).toContain('70 characters')
    expect(await troubles(page)).toEqual([])
    await box.fill('x'.repeat(161))
    await page.getByTestId('send-button').click()
    await page.getByTestId('message-bubble').filter({ hasText: '2 SMS' }).waitFor()
    expect(await page.getByTestId('pieces').count()).toBe(0)
    // A new draft is counted by itself, and never shown with the count of the one before.
    await box.fill('Привет')
    expect(await page.getByTestId('pieces').textContent()).toBe('1 SMS, 64 left')
  })
})
