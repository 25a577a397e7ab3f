/// <reference lib="dom" />
/** The console as people use it: the real server with its demo, the simulator's customers, Chromium. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { type RunningServer, startServer } from '../world/demo-server.ts'
import { until } from '../world/until.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())
const phoneNumberId = '106540352242922'

describe.skipIf(!present)('the console', () => {
  let server: RunningServer
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let cookies: Awaited<ReturnType<BrowserContext['cookies']>>
  let customers = 0
  let problems: string[] = []

  beforeAll(async () => {
    const began = Date.now()
    server = await startServer()
    browser = await launchBrowser()
    const first = await browser.newPage()
    await signIn(first)
    await first.getByTestId('conversation-row').first().waitFor()
    console.log(`from start to the first simulated customer message in the console: ${Date.now() - began} ms`)
    cookies = await first.context().cookies()
    await first.close()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    context = await newAgent()
    page = await context.newPage()
    problems = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`))
  })
  afterEach(async () => {
    await clearFaults()
    await context.close()
    expect(problems).toEqual([])
  })

  async function signIn(on: Page): Promise<void> {
    await on.goto(server.url)
    await on.getByRole('textbox', { name: 'Email' }).fill(server.signIn?.email ?? '')
    await on.getByRole('textbox', { name: 'Password' }).fill(server.signIn?.password ?? '')
    await on.getByRole('button', { name: 'Sign in' }).click()
  }
  async function newAgent(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    // With everything that moves: the other journeys want less of it.
    const made = await browser.newContext({
      ...{ viewport: { width: 1440, height: 900 }, reducedMotion: 'no-preference' as const },
      ...options,
    })
    await made.addCookies(cookies)
    return made
  }
  const control = async (path: string, body?: unknown) => {
    const response = await fetch(
      `${server.url}/simulator/control${path}`,
      body === undefined
        ? undefined
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    )
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, never>
  }
  const clearFaults = () => fetch(`${server.url}/simulator/control/faults`, { method: 'DELETE' })
  const writes = (phone: string, message: Record<string, unknown> | string) =>
    control(`/customers/${phone}/messages`, {
      to: phoneNumberId,
      ...(typeof message === 'string' ? { text: message } : message),
    })
  /** A customer of this test alone. */
  async function newCustomer(name: string, options: Record<string, unknown> = {}): Promise<string> {
    const phone = `1650556${String(1000 + customers++)}`
    await control('/customers', { phone, name, autoRead: true, ...options })
    return phone
  }
  async function open(on: Page, name: string): Promise<void> {
    if (!on.url().startsWith(server.url)) await on.goto(`${server.url}/inbox`)
    await on.getByTestId('conversation-row').filter({ hasText: name }).click()
    await on.getByTestId('message-bubble').first().waitFor()
  }
  const bubble = (on: Page, text: string) => on.getByTestId('message-bubble').filter({ hasText: text })
  async function reply(on: Page, text: string): Promise<void> {
    await on.getByTestId('composer-input').fill(text)
    await on.keyboard.press('Enter')
  }
  const status = (on: Page, text: string, wanted: string, timeout = 15_000) =>
    bubble(on, text)
      .and(on.locator(`[data-status="${wanted}"]`))
      .waitFor({ timeout })

  test('a customer writes, an agent replies, the ticks go from sent over delivered to read', async () => {
    const phone = await newCustomer('Olga Petrova', { autoRead: false })
    await page.goto(`${server.url}/inbox`)
    await page.getByTestId('conversation-row').first().waitFor()
    await writes(phone, 'Здравствуйте, кран течёт')
    await page.getByTestId('conversation-row').filter({ hasText: 'Olga Petrova' }).waitFor({ timeout: 3000 })
    await open(page, 'Olga Petrova')
    await reply(page, 'We can come at four.')
    await status(page, 'We can come at four.', 'sent')
    await status(page, 'We can come at four.', 'delivered')
    await control(`/customers/${phone}/read`, { phoneNumberId })
    await status(page, 'We can come at four.', 'read')
    expect(await page.getByTestId('composer-input').inputValue()).toBe('')
  })

  test('a failure says why in words and a retry sends it', async () => {
    const phone = await newCustomer('Failing Fred')
    await writes(phone, 'hello')
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Failing Fred')
    await control('/faults', {
      match: { path: '/messages', recipient: phone, type: 'text' },
      times: 1,
      action: { kind: 'error', code: 131026 },
    })
    await reply(page, 'will not arrive at first')
    await status(page, 'will not arrive at first', 'failed')
    await page.getByText(/WhatsApp could not deliver/).waitFor()
    await page.getByRole('button', { name: 'Retry' }).click()
    await status(page, 'will not arrive at first', 'read')
    expect(await bubble(page, 'will not arrive at first').count()).toBe(1)
  })

  test('an answer that was lost is shown as unknown, and settles when the receipt comes', async () => {
    const phone = await newCustomer('Lost Lena', { online: false })
    await writes(phone, 'hello')
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Lost Lena')
    await control('/faults', {
      match: { path: '/messages', recipient: phone, type: 'text' },
      times: 1,
      action: { kind: 'dropAfterAccept' },
    })
    await control('/faults', { match: { recipient: phone }, times: 1, action: { kind: 'webhookDelay', ms: 3000 } })
    await reply(page, 'did this get through?')
    await page.getByRole('img', { name: 'Outcome unknown' }).waitFor()
    await status(page, 'did this get through?', 'sent', 20_000)
    const { accepted } = (await control('/accepted')) as unknown as { accepted: { to: string }[] }
    expect(accepted.filter((send) => send.to.includes(phone))).toHaveLength(1)
  })

  test('when the window is over the composer offers templates, says why, and sends one filled in', async () => {
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Marcus Chen')
    const picker = page.getByTestId('template-picker')
    await picker.waitFor()
    expect(await picker.innerText()).toContain('24 hours have passed')
    await picker.getByRole('button', { name: /quote ready/ }).click()
    const send = picker.getByRole('button', { name: 'Send template' })
    expect(await send.isDisabled()).toBe(true)
    const places = picker.getByRole('textbox')
    for (const [i, value] of ['Marcus', 'water softener', '$890'].entries()) await places.nth(i).fill(value)
    expect(await picker.innerText()).toContain('Hello Marcus, your quote for the water softener is ready: $890')
    await send.click()
    await status(page, 'your quote for the water softener is ready', 'read')
  })

  test('an agent who was offline for a while misses nothing', async () => {
    const phone = await newCustomer('Patient Pat')
    await writes(phone, 'line 0')
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Patient Pat')
    await context.setOffline(true)
    await page.getByTestId('offline-bar').waitFor({ timeout: 30_000 })
    for (let n = 1; n <= 5; n++) await writes(phone, `line ${n}`)
    const other = await newCustomer('Newcomer Nils')
    await writes(other, 'I am new here')
    await context.setOffline(false)
    await bubble(page, 'line 5').waitFor({ timeout: 20_000 })
    for (let n = 0; n <= 5; n++) await expect.poll(() => bubble(page, `line ${n}`).count()).toBe(1)
    await page.getByTestId('conversation-row').filter({ hasText: 'Newcomer Nils' }).waitFor()
    await page.getByTestId('offline-bar').waitFor({ state: 'hidden' })
  })

  test('a part of the page that could not be fetched comes when the network is back, and breaks nothing meanwhile', async () => {
    const phone = await newCustomer('Partial Paul')
    await writes(phone, 'hello')
    let away = true
    let refused = 0
    await page.route('**/assets/Context-*.js', async (route) => {
      if (away) refused += 1
      await (away ? route.abort('internetdisconnected') : route.continue())
    })
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Partial Paul')
    // The browser's own look ahead, the page's request, and the one after it.
    await until('it was asked for again', () => refused > 2, { timeoutMs: 10_000, seen: () => refused })
    away = false
    await page.getByRole('complementary').getByText('Partial Paul').first().waitFor()
    await reply(page, 'still here')
    await status(page, 'still here', 'read')
  })

  test('what is written without a connection survives a reload and is sent once', async () => {
    const phone = await newCustomer('Reload Rita')
    await writes(phone, 'are you there?')
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Reload Rita')
    let posts = 0
    const lost = Promise.withResolvers<void>()
    await page.route('**/api/conversations/*/messages', async (route) => {
      if (route.request().method() !== 'POST') return await route.fallback()
      posts += 1
      // The first call gets through and its answer is lost; another one would not get through at all.
      if (posts === 1) await route.fetch()
      await route.abort('connectionreset')
      lost.resolve()
    })
    await reply(page, 'only once, please')
    await bubble(page, 'only once, please').waitFor()
    await lost.promise
    await page.unrouteAll({ behavior: 'wait' })
    await page.reload()
    await status(page, 'only once, please', 'read', 20_000)
    const { accepted } = (await control('/accepted')) as unknown as { accepted: { to: string }[] }
    expect(accepted.filter((send) => send.to.includes(phone))).toHaveLength(1)
    expect(await bubble(page, 'only once, please').count()).toBe(1)
  })

  test('two agents see what the other does within a second', async () => {
    const phone = await newCustomer('Shared Sue')
    await writes(phone, 'hello both')
    const second = await newAgent()
    const colleague = await second.newPage()
    await page.goto(`${server.url}/inbox`)
    await colleague.goto(`${server.url}/inbox`)
    await open(page, 'Shared Sue')
    await open(colleague, 'Shared Sue')
    await reply(page, 'answered by the first')
    await bubble(page, 'answered by the first').and(page.locator('[data-message-id]')).waitFor()
    const began = Date.now()
    await bubble(colleague, 'answered by the first').waitFor()
    expect(Date.now() - began).toBeLessThan(1000)
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await colleague.getByRole('button', { name: 'Reopen' }).waitFor({ timeout: 1500 })
    await second.close()
  })

  test('a note is for colleagues and never reaches the customer', async () => {
    const phone = await newCustomer('Noted Nora')
    await writes(phone, 'hi')
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Noted Nora')
    await page.getByText('Note', { exact: true }).click()
    await page.getByTestId('composer-input').fill('Pays late, be friendly')
    await page.keyboard.press('Enter')
    await bubble(page, 'Pays late, be friendly').waitFor()
    const { accepted } = (await control('/accepted')) as unknown as { accepted: { to: string }[] }
    expect(accepted.filter((send) => send.to.includes(phone))).toEqual([])
  })

  test('what a customer sends is never run: names, texts, file names', async () => {
    const attack = '<img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>'
    const phone = await newCustomer(`Eve ${attack}`)
    const lines = [
      attack,
      'javascript:window.__pwned=1',
      '[x](javascript:alert(1))',
      '<svg/onload=alert(1)>',
      '"><iframe src=javascript:alert(1)>',
      'https://a.example/"onmouseover="alert(1)',
      '{{constructor.constructor("alert(1)")()}}',
    ]
    for (const line of lines) await writes(phone, line)
    await writes(phone, {
      type: 'document',
      media: {
        base64: Buffer.from('<script>alert(1)</script>').toString('base64'),
        mimeType: 'text/html',
        filename: '"><img src=x onerror=alert(1)>.html',
      },
    })
    await writes(phone, { type: 'location', payload: { latitude: 1, longitude: 2, name: attack, address: attack } })
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Eve')
    await bubble(page, 'constructor.constructor').waitFor()
    await page.waitForTimeout(300)
    expect(await page.evaluate(() => (window as { __pwned?: number }).__pwned)).toBeUndefined()
    const links = await page
      .getByTestId('message-bubble')
      .locator('a')
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).protocol))
    expect(links.filter((protocol) => !['http:', 'https:', 'mailto:', 'tel:'].includes(protocol))).toEqual([])
  })

  test.each([
    [1440, 'light'],
    [1024, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('at %i pixels, %s, nothing spills over and axe finds nothing serious', async (width, scheme) => {
    const other = await newAgent({ viewport: { width, height: 844 }, colorScheme: scheme })
    const small = await other.newPage()
    await small.goto(`${server.url}/inbox`)
    await small.getByTestId('conversation-row').first().waitFor()
    await check(small)
    await open(small, 'Ana Duarte')
    await check(small)
    if (width === 390) {
      await small.goBack()
      await small.getByTestId('conversation-row').first().waitFor()
    }
    await other.close()

    async function check(on: Page): Promise<void> {
      expect(await troubles(on)).toEqual([])
    }
  })

  test('the console and the simulator ask nobody but this server', async () => {
    const asked = new Set<string>()
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && !request.url().startsWith('blob:')) asked.add(new URL(request.url()).origin)
    })
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Priya Shah')
    await page.goto(`${server.url}/simulator/`)
    await page.waitForLoadState('networkidle').catch(() => {})
    expect([...asked]).toEqual([server.url])
  })

  test('a link to a message opens it in place; signing in comes first where needed', async () => {
    await page.goto(`${server.url}/inbox`)
    await open(page, 'Ana Duarte')
    const target = bubble(page, 'Found it, closed')
    const id = await target.getAttribute('data-message-id')
    const address = new URL(page.url())
    address.searchParams.set('message', id ?? '')
    const stranger = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const visitor = await stranger.newPage()
    await visitor.goto(address.toString())
    await visitor.getByTestId('sign-in-form').waitFor()
    await visitor.getByRole('textbox', { name: 'Email' }).fill(server.signIn?.email ?? '')
    await visitor.getByRole('textbox', { name: 'Password' }).fill(server.signIn?.password ?? '')
    await visitor.getByRole('button', { name: 'Sign in' }).click()
    await visitor.locator(`[data-message-id="${id}"]`).waitFor()
    await stranger.close()
  })
})
