/// <reference lib="dom" />
/** Searching at the console: the real server, Meta's side simulated, Chromium. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('searching', () => {
  let world: World
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let problems: string[] = []

  beforeAll(async () => {
    world = await createWorld()
    browser = await launchBrowser()
    const ada = world.customer('15550107001', 'Ada Lovelace')
    ada.says('The green parcel has arrived')
    await world.settle()
    for (let n = 0; n < 80; n++) ada.says(`line ${n}`)
    world.customer('15550107002', 'دليلة').says('هل وصل الطرد الأخضر؟ أريد الكتاب')
    world.customer('15550107003', '山田').says('緑の小包は届きましたか')
    world.customer('15550107004', 'Bob').says('Where is my parcel?')
    await world.settle()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  beforeEach(async () => {
    problems = []
    await begin({ viewport: { width: 1440, height: 900 } })
  })
  afterEach(async () => {
    await context.close()
    expect(problems).toEqual([])
  })

  async function begin(options: Parameters<Browser['newContext']>[0]): Promise<void> {
    await context?.close()
    context = await browser.newContext(options)
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
  }
  const field = () => page.getByRole('searchbox')
  const hits = () => page.getByTestId('search-hit')
  const marks = () => page.locator('mark').allTextContents()
  async function look(q: string): Promise<void> {
    await field().fill(q)
    await page.waitForURL((url) => url.searchParams.get('q') === q)
  }

  test('with the keyboard alone: S, a word, down, Enter opens the thread at the message and marks it', async () => {
    await page.goto(`${world.url}/inbox`)
    await page.getByTestId('conversation-row').first().waitFor()
    await page.keyboard.press('s')
    await field().and(page.locator(':focus')).waitFor()
    await page.keyboard.type('parc gree')
    await hits().first().waitFor()
    expect(await hits().count()).toBe(1)
    expect(await marks()).toEqual(['gree', 'parc'])
    await photograph(page, 'search')
    expect(await troubles(page)).toEqual([])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const found = page.getByTestId('message-bubble').filter({ hasText: 'The green parcel has arrived' })
    await found.waitFor()
    await page.locator('[data-lit]').filter({ has: found }).waitFor()
    expect(new URL(page.url()).searchParams.get('message')).toMatch(/^[0-9a-f-]{36}$/)
    await expect
      .poll(() =>
        found.evaluate((one) => one.getBoundingClientRect().top > 0 && one.getBoundingClientRect().bottom < innerHeight),
      )
      .toBe(true)
    await page.goBack()
    await hits().first().waitFor()
    expect(await field().inputValue()).toBe('parc gree')
  })

  test('in Arabic and Japanese, each text in its own direction', async () => {
    await page.goto(`${world.url}/search?q=${encodeURIComponent('كتاب')}`)
    await hits().first().waitFor()
    expect(await marks()).toEqual(['كتاب'])
    const snippet = page.locator('[data-testid="search-hit"] [dir="auto"]')
    expect(await snippet.evaluate((one) => getComputedStyle(one).direction)).toBe('rtl')
    await look('小包')
    await expect.poll(marks).toEqual(['小包'])
    expect(await snippet.evaluate((one) => getComputedStyle(one).direction)).toBe('ltr')
  })

  test('says when there is nothing, and when it did not work, and goes on after that', async () => {
    await page.goto(`${world.url}/search`)
    await page.getByText('What are you looking for?').waitFor()
    await look('zzzz')
    await page.getByText('No message found').waitFor()
    expect(await troubles(page)).toEqual([])
    await page.route('**/api/search**', (route) => route.abort())
    await look('parcel')
    await page.getByText('The search did not work.').waitFor()
    await page.unroute('**/api/search**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await hits().first().waitFor()
    expect(await hits().count()).toBe(2)
  })

  test('narrowed by person and time; the address says it all', async () => {
    await page.goto(`${world.url}/search?q=parcel`)
    await expect.poll(() => hits().count()).toBe(2)
    await page.getByRole('combobox', { name: 'With whom' }).fill('lovel')
    await page.getByRole('option', { name: 'Ada Lovelace' }).click()
    await expect.poll(() => hits().count()).toBe(1)
    await page.getByRole('combobox', { name: 'Since when' }).selectOption('week')
    await page.waitForURL((url) => url.searchParams.get('since') === 'week' && url.searchParams.has('with'))
    await expect.poll(() => hits().count()).toBe(1)
    await page.reload()
    await expect.poll(() => hits().count()).toBe(1)
    expect(await page.getByRole('combobox', { name: 'With whom' }).inputValue()).toBe('Ada Lovelace')
  })

  test('an answer that nobody waits for any more is given up and never shown', async () => {
    const given: string[] = []
    page.on('requestfailed', (request) => given.push(new URL(request.url()).searchParams.get('q') ?? ''))
    await page.route('**/api/search?q=par&**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await route.continue().catch(() => {})
    })
    await page.goto(`${world.url}/search`)
    await look('par')
    await look('where')
    await hits().first().waitFor()
    expect(await marks()).toEqual(['Where'])
    await expect.poll(() => given).toEqual(['par'])
    expect(await marks()).toEqual(['Where'])
  })

  test('on a phone: nothing spills over, a finger opens the message', async () => {
    await begin({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true })
    await page.goto(`${world.url}/search?q=parcel`)
    await hits().first().waitFor()
    expect(await troubles(page)).toEqual([])
    await photograph(page, 'search-390')
    await hits().filter({ hasText: 'Bob' }).tap()
    await page.getByTestId('message-bubble').filter({ hasText: 'Where is my parcel?' }).waitFor()
  })

  test('Ctrl-K finds messages beside people, and leads to all of them', async () => {
    await page.goto(`${world.url}/inbox`)
    await page.getByTestId('conversation-row').first().waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').and(page.locator(':focus')).waitFor()
    await page.keyboard.type('parcel')
    await page.getByRole('option', { name: 'Bob Where is my parcel?' }).waitFor()
    await page.getByRole('option', { name: 'Search messages for “parcel”' }).click()
    await expect.poll(() => hits().count()).toBe(2)
  })

  test('in the languages of the console, also from right to left', async () => {
    for (const [language, placeholder] of [
      ['es', 'Buscar en todo lo que se ha dicho'],
      ['pt', 'Procurar em tudo o que foi dito'],
      ['ru', 'Искать во всей переписке'],
      ['ar', 'ابحث في كل ما قيل'],
    ] as const) {
      await begin({ viewport: { width: 390, height: 800 }, locale: language })
      await page.goto(`${world.url}/search?q=parcel`)
      await hits().first().waitFor()
      expect(await field().getAttribute('placeholder')).toBe(placeholder)
      expect([language, await troubles(page)]).toEqual([language, []])
    }
    await photograph(page, 'search-390-ar')
  })
})
