/// <reference lib="dom" />
/** The simulated phone as the person holding it uses it, in Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningSimulator, startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'

const present = requirePart('Chromium', chromiumPath !== undefined)
const phoneNumberId = '200000000000001'
/** One pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe.skipIf(!present)('the simulated phone', () => {
  let browser: Browser
  let page: Page
  let running: RunningSimulator
  let problems: string[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    running = await startWhatsAppSimulator({
      apps: [{ id: '1', secret: 's', verifyToken: 'v' }],
      numbers: [
        {
          phoneNumberId,
          displayPhoneNumber: '+1 555 010 0001',
          wabaId: '3',
          accessToken: 't',
          verifiedName: 'Corner Shop',
          appId: '1',
        },
      ],
    })
    running.simulator.addCustomer({ phone: '+15550107001', name: 'Ada' })
    problems = []
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (line) => line.type() === 'error' && problems.push(line.text()))
    await page.goto(`${running.url}/`)
    await page.getByRole('option', { name: /Ada/ }).waitFor({ state: 'attached' })
  })
  afterEach(async () => {
    await page.close()
    await running.close()
    expect(problems).toEqual([])
  })

  const write = async (text: string) => {
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text)
    await page.keyboard.press('Enter')
    await page.locator('.bubble', { hasText: text }).waitFor()
  }

  test('words, a picture and a place are sent, and stand in the chat', async () => {
    await write('hello')
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: png })
    await page.locator('.bubble img').waitFor()
    await page.getByRole('button', { name: 'Share a location' }).click()
    await page.getByText('A street').waitFor()
    const { messages } = running.simulator.thread(phoneNumberId, '+15550107001')
    expect(messages.map(({ type }) => type)).toEqual(['text', 'image', 'location'])
    expect(await page.locator('#problem').isVisible()).toBe(false)
  })

  test('a quote is shown above the box until it is sent or taken back', async () => {
    await write('first')
    const quote = page.locator('#quote')
    expect(await quote.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Quote: first' }).click()
    await page.getByText('Quoting: first').waitFor()
    await page.getByRole('button', { name: 'Do not quote' }).click()
    expect(await quote.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Quote: first' }).click()
    await write('second')
    await page.locator('.bubble .cited', { hasText: 'first' }).waitFor()
    expect(await quote.isVisible()).toBe(false)
  })

  test('another customer is added, and holds a phone of their own', async () => {
    await write('from Ada')
    await page.getByRole('textbox', { name: 'Phone of a new customer' }).fill('+15550107002')
    await page.getByRole('textbox', { name: 'Name of a new customer' }).fill('Bob')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.locator('.bubble').waitFor({ state: 'detached' })
    expect(await page.getByRole('combobox', { name: 'Customer' }).inputValue()).toContain('15550107002')
    await page.getByRole('combobox', { name: 'Customer' }).selectOption({ label: 'Ada · +15550107001' })
    await page.getByText('from Ada').waitFor()
  })

  test('faults are switched on once or for good, and off again', async () => {
    const faults = () => running.simulator.faults.list()
    await page.getByRole('button', { name: 'Webhook twice' }).click()
    await page.getByRole('button', { name: 'Remove duplicateWebhook' }).waitFor()
    expect(faults()).toMatchObject([{ times: 1, action: { kind: 'duplicateWebhook' } }])
    await page.getByRole('button', { name: 'Remove duplicateWebhook' }).click()
    await expect.poll(faults).toEqual([])
    await page.getByRole('checkbox', { name: 'keep until removed' }).check()
    await page.getByRole('button', { name: 'Slow, 5 s' }).click()
    await page.getByText('delay 0×').waitFor()
    expect(faults()[0]?.times).toBeUndefined()
    await page.getByRole('button', { name: 'Remove all faults' }).click()
    await expect.poll(faults).toEqual([])
  })

  test.each([
    [1440, 'light'],
    [390, 'dark'],
  ] as const)('at %i pixels, %s, nothing spills over and axe finds nothing serious', async (width, scheme) => {
    await write('hello')
    const other = await browser.newPage({ viewport: { width, height: 844 }, colorScheme: scheme })
    await other.goto(`${running.url}/`)
    await other.locator('.bubble', { hasText: 'hello' }).waitFor()
    expect(await troubles(other)).toEqual([])
    await other.close()
  })
})
