/// <reference lib="dom" />
/** A customer says STOP and START: over WhatsApp, at the console, and what the team sees of it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import type { MessageView } from '../../src/inbox/schema.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { type Customer, createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

let world: World
let ada: Customer
let id: string
beforeAll(async () => {
  world = await createWorld()
  ada = world.customer('15550110001', 'Ada Lovelace')
  ada.says('Hello')
  await world.settle()
  id = (await conversationWith(world, ada.phone)).id
})
afterAll(() => world?.close())

const thread = async () => (await world.api<{ items: MessageView[] }>('GET', `/conversations/${id}/messages`)).body.items
const sent = async () => (await thread()).filter((one) => one.direction === 'outbound')
const send = (text: string) => world.api('POST', `/conversations/${id}/messages`, { body: { type: 'text', text } })

test('who says STOP is told so once and then gets nothing, whoever writes', async () => {
  ada.says('Stop')
  await until('the customer was told', async () => (await sent()).some((one) => one.deliveredAt !== null))
  expect((await sent()).map((one) => [one.sender, one.text])).toEqual([['system', expect.stringMatching(/no more messages/)]])
  ada.says('STOP')
  await world.settle()
  expect(await send('Just one thing')).toMatchObject({ status: 422, body: { error: { code: 'opted_out' } } })
  expect(await sent()).toHaveLength(1)
})

describe.skipIf(!present)('at the console', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
    await page.goto(`${world.url}/inbox/${id}`)
  })
  afterAll(() => browser?.close())

  test('the composer says that nothing may be sent, and the panel in which words it was said', async () => {
    await page.getByText('This customer asked for no more messages here').waitFor()
    const panel = page.getByTestId('consent')
    await panel.getByText('No messages').waitFor()
    await panel.getByText('What was said').click()
    await panel.getByText('Stop', { exact: true }).waitFor()
    expect(await troubles(page)).toEqual([])
  })

  test('START opens the composer at once; what is said on the telephone closes it again', async () => {
    ada.says('START')
    await page.getByText('This customer asked for no more messages here').waitFor({ state: 'detached' })
    const panel = page.getByTestId('consent')
    await panel.getByRole('button', { name: 'Write down' }).first().click()
    await panel.getByRole('textbox', { name: 'Where it was said' }).fill('on the telephone')
    await panel.getByRole('textbox', { name: 'In which words' }).fill('Please stop texting me')
    expect(await troubles(page)).toEqual([])
    await panel.getByRole('button', { name: 'Write down' }).last().click()
    await page.getByText('This customer asked for no more messages here').waitFor()
  })
})
