/// <reference lib="dom" />
/** The page of the simulated contact centre as an agent uses it, in Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningSimulator, startGenesysSimulator } from '../../simulators/genesys/server.ts'
import { startReceiver } from '../../simulators/genesys/test-kit.ts'
import { createGenesys } from '../../src/answerers/genesys/index.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { CentreLine } from '../../src/ports/contact-centre.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'

const present = requirePart('Chromium', chromiumPath !== undefined)
const integrationId = 'int-1'
/** The page looks once a second, and the machine may be busy. */
const patience = { timeout: 30_000 }

describe.skipIf(!present)('the agents’ page', () => {
  let browser: Browser
  let page: Page
  let running: RunningSimulator
  let receiver: Awaited<ReturnType<typeof startReceiver>>
  let problems: string[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    receiver = await startReceiver()
    running = await startGenesysSimulator({
      clients: [{ id: 'c', secret: 's' }],
      integrations: [{ id: integrationId, name: 'Relay', webhookUrl: receiver.url, secret: 'sixteen characters' }],
      fetchFiles: false,
      publishReceipts: false,
    })
    problems = []
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (line) => line.type() === 'error' && problems.push(line.text()))
    await page.goto(`${running.url}/`)
  })
  afterEach(async () => {
    await page.close()
    await running.close()
    await receiver.close()
    expect(problems).toEqual([])
  })

  const genesys = createGenesys({ fetch, log: createLogger({ write: () => {} }) })
  let written = 0
  const write = (name: string, text: string, more: Partial<CentreLine> = {}) => {
    const connection = {
      tenantId: 't',
      integrationId,
      config: { apiUrl: running.apiUrl, loginUrl: running.loginUrl },
      credentials: { clientId: 'c', clientSecret: 's' },
    }
    const customer = { id: name, idType: 'Opaque' as const, name }
    const line = {
      messageId: `w${++written}`,
      customer,
      at: new Date().toISOString(),
      text,
      files: [],
      attributes: { language: 'en' },
      ...more,
    }
    return genesys.send(connection, line)
  }
  const spoken = () => receiver.received.map(({ json }) => json)

  test('an empty desk says what will come', async () => {
    await page.getByText('Nobody has written yet').waitFor()
    expect(await page.getByRole('button', { name: 'End', exact: true }).isVisible()).toBe(false)
  })

  test('an agent sees who wrote, answers with quick replies and a file, and ends', async () => {
    await write('Ada Lind', '<b>Water</b> & more')
    await write('Ben', 'Hello')
    await page.getByRole('button', { name: /Ada Lind/ }).click()
    await page.getByText('<b>Water</b> & more').last().waitFor()
    await page.getByText('in the queue').waitFor()
    await page.getByText('language').waitFor()

    await page.getByRole('button', { name: 'Quick replies' }).click()
    await page.getByRole('textbox', { name: 'A quick reply of this message' }).fill('Found it')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Can you find the valve?')
    await page.keyboard.press('Enter')
    await expect
      .poll(() => spoken().find(({ type }) => type === 'Structured'))
      .toMatchObject({
        text: 'Can you find the valve?',
        content: [{ contentType: 'QuickReply', quickReply: { text: 'Found it' } }],
      })
    await expect.poll(() => spoken().some(({ type }) => type === 'Event'), patience).toBe(true)
    await page.getByText('taken by the relay').waitFor()
    await page.getByText('with Nora').waitFor()

    await page.locator('#file').setInputFiles({ name: 'plan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') })
    await page.getByRole('link', { name: 'plan.pdf' }).waitFor()
    await expect
      .poll(() => spoken().at(-1))
      .toMatchObject({ content: [{ attachment: { filename: 'plan.pdf', mediaType: 'File' } }] })

    await page.getByRole('combobox', { name: 'Transfer to' }).selectOption({ label: 'Omar' })
    await page.getByText('with Omar').waitFor()
    await page.getByRole('button', { name: 'End', exact: true }).click()
    await page.getByText(/^ended at/).waitFor()
    expect(await page.getByRole('textbox', { name: 'Message', exact: true }).isVisible()).toBe(false)
  })

  test('the contact centre can be made to misbehave, and well again', async () => {
    await page.getByRole('combobox', { name: 'is' }).selectOption('down')
    await expect.poll(() => running.simulator.faults.list().length, patience).toBe(1)
    expect(await write('Ada', 'x')).toMatchObject({ outcome: 'retry' })
    await page.getByRole('button', { name: /^Remove error/ }).click()
    await expect.poll(() => running.simulator.faults.list().length, patience).toBe(0)
    await page.getByRole('button', { name: 'Answer lost' }).click()
    await expect
      .poll(() => running.simulator.faults.list(), patience)
      .toMatchObject([{ times: 1, action: { kind: 'dropAfter' } }])
  })

  test.each([
    [1440, 'light'],
    [1000, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('at %i pixels, %s, nothing spills over and axe finds nothing serious', async (width, scheme) => {
    const answer = await write('Ada Lind', 'Hello')
    const conversationId = answer.outcome === 'accepted' ? (answer.conversationId ?? '') : ''
    running.simulator.say(conversationId, {
      text: 'Which?',
      quickReplies: [{ text: 'A' }],
      content: [{ contentType: 'Card', card: { title: 'T', description: 'd' } }],
    })
    const other = await browser.newPage({ viewport: { width, height: 844 }, colorScheme: scheme })
    await other.goto(`${running.url}/`)
    await other.getByText('Which?').last().waitFor()
    await other.getByText(/taken, 1 webhooks/).waitFor()
    expect(await troubles(other)).toEqual([])
    await other.close()
  })
})
