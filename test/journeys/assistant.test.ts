/// <reference lib="dom" />
/** The assistant from the first line to the hand-over: over WhatsApp, at the console, and what is left for the team. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import type { AccountView, MessageView } from '../../src/inbox/schema.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

let world: World
beforeAll(async () => {
  world = await createWorld()
  const patch = { tradeType: 'plumbing', language: 'en', aiTakeoverDelay: 0 }
  expect((await world.api('PATCH', '/business', patch, 'owner')).status).toBe(200)
  const path = `/accounts/${world.business.accountId}/answerer`
  expect((await world.api('PUT', path, { answerer: 'assistant' }, 'agent')).status).toBe(403)
  expect((await world.api('PUT', path, { answerer: 'genesys' }, 'owner')).status).toBe(409)
  expect((await world.api('PUT', path, { answerer: 'assistant' }, 'owner')).status).toBe(200)
})
afterAll(() => world?.close())

const thread = async (phone: string): Promise<MessageView[]> => {
  const { id } = await conversationWith(world, phone)
  return (await world.api<{ items: MessageView[] }>('GET', `/conversations/${id}/messages`)).body.items
}
const said = async (phone: string) => (await thread(phone)).filter((one) => one.sender === 'ai').map((one) => one.text)
const control = async (phone: string) => (await conversationWith(world, phone)).control
/** Says something and returns what the assistant answers. */
async function answerTo(customer: { phone: string; says(text: string): string }, text: string): Promise<string> {
  const before = await said(customer.phone).catch(() => [])
  customer.says(text)
  await until('the assistant answered', async () => (await said(customer.phone).catch(() => [])).length > before.length)
  return (await said(customer.phone)).at(-1) ?? ''
}
const rows = async (sql: string, phone: string) => (await world.database.owner.query(sql, [`+${phone}`])).rows

test('it asks one thing after the other and leaves the team a summary and a lead', async () => {
  const ada = world.customer('15550111001', 'Ada Lovelace')
  expect(await answerTo(ada, 'Hi')).toMatch(/help with your plumbing needs/)
  expect(await answerTo(ada, 'My kitchen tap is dripping')).toMatch(/address/)
  expect(await answerTo(ada, '12 Oak Street, Springfield')).toMatch(/urgent/)
  expect(await answerTo(ada, 'this week')).toMatch(/a person will get back to you/)
  await until('people have it', async () => (await control(ada.phone)) === 'human')
  const note = (await thread(ada.phone)).find((one) => one.type === 'note')
  expect(note).toMatchObject({ sender: 'system', text: expect.stringContaining('Problem: My kitchen tap is dripping') })
  const [lead] = await rows('SELECT * FROM leads WHERE customer_phone = $1', ada.phone)
  expect(lead).toMatchObject({
    ...{ status: 'new', urgency_level: 'normal', job_type: 'leak', customer_address: '12 Oak Street, Springfield' },
    ai_analysis: { by: 'answerer:assistant', sources: { problem: [expect.any(String)] } },
  })
  ada.says('Thank you')
  await world.settle()
  expect(await said(ada.phone)).toHaveLength(4)
})

test('an emergency is told to the owner with the first answer', async () => {
  const bob = world.customer('15550111002', 'Bob Stone')
  expect(await answerTo(bob, 'A pipe burst, there is water everywhere')).toMatch(/alerted the owner/)
  const [alert] = await rows(
    `SELECT DISTINCT n.kind, l.urgency_level, n.read_at FROM notifications n JOIN leads l ON l.tenant_id = n.tenant_id AND l.id::text = n.data ->> 'leadId'
      WHERE l.customer_phone = $1 AND n.kind = 'emergency'`,
    bob.phone,
  )
  expect(alert).toEqual({ kind: 'emergency', urgency_level: 'emergency', read_at: null })
  const { rows: told } = await world.database.owner.query(
    `SELECT data FROM events WHERE tenant_id = $1 AND type = 'notification.raised' AND data ->> 'kind' = 'emergency'`,
    [world.business.tenantId],
  )
  expect(told).toHaveLength(1)
  expect(JSON.stringify(told)).not.toContain('burst')
})

test('a person who writes has it at once, and hands it back when they want', async () => {
  const cleo = world.customer('15550111003', 'Cleo Park')
  await answerTo(cleo, 'The sink is clogged')
  const { id } = await conversationWith(world, cleo.phone)
  await world.api('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'Ann here, I can help.' } })
  cleo.says('Great, thanks')
  await world.settle()
  expect([await control(cleo.phone), (await said(cleo.phone)).length]).toEqual(['human', 1])
  cleo.says('I live at 5 Elm Road')
  await world.settle()
  await world.api('POST', `/conversations/${id}/hand-over`, { to: 'ai' })
  await until('it goes on where people stopped', async () => /urgent/.test((await said(cleo.phone)).at(-1) ?? ''))
  const { items } = (await world.api<{ items: AccountView[] }>('GET', '/accounts')).body
  expect(items[0]?.answerer).toBe('assistant')
})

describe.skipIf(!present)('at the console', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.owner.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
  })
  afterAll(() => browser?.close())

  test('somebody takes over from the assistant and gives it back, and the thread says so', async () => {
    const dora = world.customer('15550111004', 'Dora')
    await answerTo(dora, 'Hello')
    await page.goto(`${world.url}/inbox/${(await conversationWith(world, dora.phone)).id}`)
    await page.getByRole('button', { name: 'Take over from the assistant' }).click()
    await until('a person has it', async () => (await control(dora.phone)) === 'human')
    await page.getByRole('button', { name: 'Give to the assistant' }).click()
    await until('the assistant has it', async () => (await control(dora.phone)) === 'ai')
    // First nobody gave it, then a person did.
    await page.getByText('Now with: Assistant').first().waitFor()
    await page.getByText('gave it to: Assistant').first().waitFor()
    expect(await troubles(page)).toEqual([])
  })

  test('the owner says who answers a number', async () => {
    await page.goto(`${world.url}/settings/channels`)
    await page
      .getByRole('button', { name: /^Set-up and check:/ })
      .first()
      .click()
    const card = page.getByTestId('who-answers')
    await card.getByRole('combobox', { name: 'New conversations' }).selectOption('human')
    expect(await troubles(page)).toEqual([])
    await card.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    const { items } = (await world.api<{ items: AccountView[] }>('GET', '/accounts')).body
    expect(items[0]?.answerer).toBe('human')
  })
})
