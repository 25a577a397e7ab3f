/// <reference lib="dom" />
/** The page beside a conversation in an agent desktop: its links, and the page itself within another site's frame, in Chromium. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import type { ConversationView } from '../../src/inbox/schema.ts'
import { signWidget } from '../../src/inbox/widget-token.ts'
import { requirePart } from '../house/requires.ts'
import type { Caller } from '../world/api.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser, photograph } from '../world/browser.ts'
import type { Business } from '../world/business.ts'
import { conversationWith } from '../world/reading.ts'
import { type Customer, createWorld, type World } from '../world/world.ts'

interface Link {
  url: string
  token: string
  expiresAt: string
}
interface Page1 {
  items: { text: string | null; direction: string; type: string; media: { url: string | null }[] }[]
  before: string | null
}

const phone = '15550110001'
let world: World
let other: Business
let conversation: ConversationView
let ada: Customer

beforeAll(async () => {
  world = await createWorld()
  other = await world.addBusiness('Other House')
  const { simulator, business } = world
  simulator.addTemplate(business.wabaId, {
    name: 'visit_reminder',
    language: 'en',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hello {{1}}, we come at {{2}}.', example: { body_text: [['Ana', 'nine']] } }],
  })
  await world.api('POST', '/templates/sync', { accountId: business.accountId })
  ada = world.customer(phone, 'Ada Lovelace')
  ada.says('The tap drips')
  await world.settle()
  conversation = (await conversationWith(world, phone)) as ConversationView
  await world.api('POST', `/conversations/${conversation.id}/messages`, { body: { type: 'text', text: 'We will have a look' } })
  await world.api('POST', `/conversations/${conversation.id}/notes`, { text: 'difficult customer' })
  ada.sends({ type: 'image', media: { bytes: Buffer.from(onePixel, 'base64'), mimeType: 'image/png' } })
  await world.settle()
})
afterAll(() => world?.close())

const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const makeLink = async (body: object, as: Caller = 'key') => world.api<Link>('POST', '/widget/links', body, as)
const link = async (body: object) => (await makeLink(body)).body
async function ask<T = Record<string, unknown>>(path: string, token: string, body?: object) {
  const response = await fetch(`${world.url}/api/widget/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Widget ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as T }
}
const expired = { status: 401, body: { error: { code: 'not_signed_in' } } }

describe('a link', () => {
  test('shows the customer, their conversations, and everything that was said but what colleagues said among themselves', async () => {
    const made = await makeLink({ conversationId: conversation.id, agent: 'Zoë' })
    expect(made.status).toBe(201)
    expect(new URL(made.body.url)).toMatchObject({
      pathname: `/widget/${world.business.tenantId}`,
      hash: `#${made.body.token}`,
    })
    const { token } = made.body
    expect(await ask('customer', token)).toMatchObject({
      status: 200,
      body: {
        agent: 'Zoë',
        maySend: false,
        business: { name: 'Baker Street Plumbing' },
        customer: { name: 'Ada Lovelace', phone: `+${phone}` },
        conversation: { id: conversation.id },
        conversations: [{ id: conversation.id }],
      },
    })
    const { body } = await ask<Page1>('history', token)
    expect(body.items.map(({ direction, text, type }) => [direction, text ?? type])).toEqual([
      ['inbound', 'The tap drips'],
      ['outbound', 'We will have a look'],
      ['inbound', 'image'],
    ])
    expect(JSON.stringify(await ask('customer', token)) + JSON.stringify(body)).not.toContain('difficult')
  })
  test('is about whom it names: a contact, a number, a conversation of the contact centre, or whatever the desk fills in', async () => {
    await world.database.owner.query(
      `INSERT INTO conversation_mappings (tenant_id, conversation_ref, channel_account_id, wa_id, conversation_id, phone_number_id)
       VALUES ($1, $2, $3, $4, 'centre-77', 'x')`,
      [world.business.tenantId, conversation.id, world.business.accountId, phone],
    )
    for (const named of [
      { contactId: conversation.contact.id },
      { phone: `+${phone}` },
      { phone },
      { centreConversationId: 'centre-77' },
    ])
      expect([named, await ask('customer', (await link(named)).token)]).toMatchObject([
        named,
        { status: 200, body: { conversation: { id: conversation.id } } },
      ])
    const { token } = await link({ desk: true })
    for (const named of ['conversation=centre-77', `phone=${phone}`])
      expect(await ask(`customer?${named}`, token)).toMatchObject({ status: 200, body: { customer: { name: 'Ada Lovelace' } } })
    expect(await ask('customer', token)).toMatchObject({ status: 400 })
    expect(await ask('customer?conversation=centre-78', token)).toMatchObject({ status: 404 })
    // What a link names counts, not what its address adds.
    expect(await ask('customer?conversation=centre-78', (await link({ phone })).token)).toMatchObject({ status: 200 })
  })
  test('pages through a long history over several conversations, each line once, in order', async () => {
    const long = world.customer('15550110002', 'Long Story')
    for (let n = 1; n <= 7; n++) {
      long.says(`line ${n}`)
      await world.settle()
      // Every third line begins another conversation.
      if (n % 3 === 0) {
        const { id } = await conversationWith(world, '15550110002')
        await world.api('PATCH', `/conversations/${id}`, { status: 'archived' })
      }
    }
    const { token } = await link({ phone: '15550110002' })
    const seen: (string | null)[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const page: Page1 = (await ask<Page1>(`history?limit=2${cursor && `&cursor=${cursor}`}`, token)).body
      seen.unshift(...page.items.filter(({ direction }) => direction === 'inbound').map(({ text }) => text))
      cursor = page.before
      pages += 1
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `line ${n}`))
    expect(pages).toBeGreaterThan(3)
    for (const wrong of ['x', 'bnVsbA', 'eyJ4IjoxfQ', 'W10'])
      expect(await ask(`history?cursor=${wrong}`, token)).toMatchObject({
        status: 400,
        body: { error: { code: 'malformed_cursor' } },
      })
  })
  test('shows files by links of their own, which open nothing else', async () => {
    const { token } = await link({ phone })
    const { body } = await ask<Page1>('history', token)
    const url = body.items.flatMap(({ media }) => media.map((file) => file.url))[0] as string
    const file = await fetch(`${world.url}${url}`)
    expect([file.status, file.headers.get('content-type'), Buffer.from(await file.arrayBuffer()).toString('base64')]).toEqual([
      200,
      'image/png',
      onePixel,
    ])
    const own = new URL(url, world.url).searchParams.get('t') as string
    expect(await ask('customer', own)).toMatchObject(expired)
    expect((await fetch(`${world.url}/api/widget/media?t=${token}`)).status).toBe(401)
  })
  test('sends a template where it allows that, once however often it is asked, as the contact centre', async () => {
    const given = {
      ...{ name: 'visit_reminder', language: 'en', idempotencyKey: 'widget-key-1' },
      parameters: { body: { '1': 'Ada', '2': 'ten' } },
    }
    expect(await ask('templates', (await link({ phone })).token, given)).toMatchObject({ status: 403 })
    const { token } = await link({ phone, maySend: true, agent: 'Zoë' })
    expect((await ask<{ items: object[] }>('templates', token)).body.items).toMatchObject([{ name: 'visit_reminder' }])
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask<{ id: string }>('templates', token, given)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    await world.settle()
    const { body } = await ask<Page1>('history', token)
    expect(body.items.filter(({ text }) => text === 'Hello Ada, we come at ten.')).toMatchObject([
      { sender: 'agent', status: 'delivered' },
    ])
    const { rows } = await world.database.owner.query(
      `SELECT actor FROM events WHERE tenant_id = $1 AND type = 'message.queued' AND message_id = $2`,
      [world.business.tenantId, answers[0]?.body.id],
    )
    expect(rows).toEqual([{ actor: 'widget:Zoë' }])
    expect(await ask('templates', token, { ...given, idempotencyKey: 'widget-key-2', parameters: {} })).toMatchObject({
      status: 422,
      body: { error: { code: 'template_parameters' } },
    })
  })
  test('ends with its time, with a new key, and while the business is suspended', async () => {
    const { token, expiresAt } = await link({ phone, seconds: 60 })
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(50_000)
    const key = (await world.api<{ key: string }>('POST', '/widget/key', undefined, 'owner')).body.key
    expect(await ask('customer', token)).toMatchObject(expired)
    const claims = { business: world.business.tenantId, phone, exp: Math.floor(Date.now() / 1000) + 60 }
    const own = signWidget(claims, key)
    expect(await ask('customer', own)).toMatchObject({ status: 200 })
    expect(await ask('customer', signWidget({ ...claims, exp: claims.exp - 61 }, key))).toMatchObject(expired)
    await world.database.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [world.business.tenantId])
    expect(await ask('customer', own)).toMatchObject(expired)
    await world.database.owner.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [world.business.tenantId])
    expect(await ask('customer', own)).toMatchObject({ status: 200 })
  })
  test('of one business opens nothing of another, whatever it names', async () => {
    const theirs = { key: other.key }
    // Their key, our ids: as if nobody had them.
    for (const named of [{ conversationId: conversation.id }, { contactId: conversation.contact.id }, { phone }])
      expect([named, (await makeLink(named, theirs)).status]).toEqual([named, 404])
    const foreign = (await makeLink({ centreConversationId: 'centre-77' }, theirs)).body.token
    expect(await ask('customer', foreign)).toMatchObject({ status: 404 })
    const { key } = (await world.api<{ key: string }>('POST', '/widget/key', undefined, other.people.owner)).body
    const exp = Math.floor(Date.now() / 1000) + 60
    // Their key under our name does not hold, our ids under theirs are nobody's.
    expect(await ask('customer', signWidget({ business: world.business.tenantId, phone, exp }, key))).toMatchObject(expired)
    for (const named of [{ conversation: conversation.id }, { contact: conversation.contact.id }])
      for (const path of ['customer', 'history', 'templates'])
        expect(await ask(path, signWidget({ business: other.tenantId, ...named, exp }, key))).toMatchObject({ status: 404 })
    const { rows } = await world.database.owner.query(
      `SELECT id FROM media_objects WHERE tenant_id = $1 AND state = 'stored'`,
      [world.business.tenantId],
    )
    const file = signWidget({ business: other.tenantId, media: rows[0].id, exp }, key)
    expect((await fetch(`${world.url}/api/widget/media?t=${file}`)).status).toBe(404)
  })
  test('is made by whoever may, its key by whoever looks after credentials', async () => {
    expect((await makeLink({ phone }, 'viewer')).status).toBe(403)
    expect((await makeLink({ phone }, 'agent')).status).toBe(201)
    expect((await world.api('POST', '/widget/key', undefined, 'agent')).status).toBe(403)
    expect((await makeLink({ phone, desk: true })).status).toBe(400)
    expect((await makeLink({})).status).toBe(400)
    expect((await makeLink({ centreConversationId: 'a\0b' })).status).toBe(400)
  })
})

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())
describe.skipIf(!present)('the page in an agent desktop', () => {
  let browser: Browser
  let desk: Server
  let deskUrl: string
  let framed: string
  const problems: string[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
    desk = createServer((_request, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(`<title>Desk</title><iframe src="${framed}" width="380" height="700"></iframe>`),
    )
    await new Promise<void>((done) => desk.listen(0, '127.0.0.1', done))
    deskUrl = `http://localhost:${(desk.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await browser?.close()
    desk?.close()
  })
  async function page(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 380, height: 720 }, ...options })
    context.setDefaultTimeout(30_000)
    const made = await context.newPage()
    made.on('pageerror', (error) => problems.push(error.message))
    return made
  }

  test('stands in the frame of a site that the business named, and in no other', async () => {
    framed = (await link({ phone })).url
    const first = await page()
    await first.goto(deskUrl)
    expect(await first.frameLocator('iframe').getByTestId('widget-history').count()).toBe(0)
    const named = await world.api('PATCH', '/business', { settings: { widgetOrigins: [deskUrl] } }, 'owner')
    expect(named.status).toBe(200)
    await first.goto(deskUrl)
    const frame = first.frameLocator('iframe')
    await frame.getByText('The tap drips').waitFor()
    await frame.getByText('Ada Lovelace').first().waitFor()
    await frame
      .getByRole('img', { name: /Delivered|Read/ })
      .first()
      .waitFor()
    await first.context().close()
  })
  test('shows new lines by itself, sends a filled template, and says how it fared', async () => {
    const on = await page()
    await on.goto((await link({ phone, maySend: true })).url)
    await on.getByText('The tap drips').waitFor()
    ada.says('It got worse')
    await on.getByText('It got worse').waitFor()
    await on.getByRole('tab', { name: 'Templates' }).click()
    await on.getByRole('button', { name: /visit reminder/ }).click()
    const places = on.getByRole('textbox')
    await places.nth(0).fill('Ada')
    await places.nth(1).fill('eleven')
    await on.getByRole('button', { name: 'Send template' }).click()
    const line = on.getByTestId('widget-line').filter({ hasText: 'we come at eleven' })
    await line.waitFor()
    await expect.poll(() => line.getAttribute('data-status'), { timeout: 10_000 }).toMatch(/^(delivered|read)$/)
    expect(await troubles(on)).toEqual([])
    await photograph(on, 'widget-light')
    await on.context().close()
  })
  test.each([
    ['ar', 'السجل'],
    ['ru', 'История'],
  ])('in the dark, in %s', async (locale, history) => {
    const on = await page({ locale, colorScheme: 'dark' })
    await on.goto((await link({ phone, maySend: true })).url)
    await on.getByRole('tab', { name: history }).waitFor()
    await on.getByText('The tap drips').waitFor()
    expect(await troubles(on)).toEqual([])
    expect(await on.evaluate(() => document.documentElement.dir)).toBe(locale === 'ar' ? 'rtl' : 'ltr')
    await photograph(on, `widget-dark-${locale}`)
    await on.keyboard.press('Tab')
    await on.context().close()
  })
  test('is set up in the settings: where it may stand, a link for a desk, and the end of all links', async () => {
    const on = await page({ viewport: { width: 1280, height: 900 } })
    const [name = '', value = ''] = world.business.people.owner.cookie.split('=')
    await on.context().addCookies([{ name, value, url: world.url }])
    await on.goto(`${world.url}/settings/desk`)
    const origins = on.getByTestId('desk-origins')
    await origins.getByRole('textbox').fill('https://desk.example\nftp://x')
    await origins.getByText('Not an address that can be used: ftp://x').waitFor()
    expect(await origins.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await origins.getByRole('textbox').fill(`https://desk.example\n${deskUrl}`)
    await origins.getByRole('button', { name: 'Save' }).click()
    await expect
      .poll(async () => (await fetch(`${world.url}/widget/${world.business.tenantId}`)).headers.get('content-security-policy'))
      .toContain(`frame-ancestors 'self' https://desk.example ${deskUrl}`)
    await on.getByTestId('desk-link').getByRole('button', { name: 'Make link' }).click()
    const url = (await on.getByTestId('desk-url').textContent()) ?? ''
    await on.getByText('?conversation={{gcConversationId}}#').waitFor()
    expect(await troubles(on)).toEqual([])
    await photograph(on, 'widget-settings')
    const desk = await page()
    await desk.goto(url.replace('#', `?phone=${phone}#`))
    await desk.getByText('The tap drips').waitFor()
    await on.getByTestId('desk-key').getByRole('button', { name: 'New key' }).click()
    await on.getByRole('dialog').getByRole('button', { name: 'New key' }).click()
    await desk.getByText('This link is not valid any more').waitFor()
    await desk.context().close()
    await on.context().close()
  })
  test('says what to do where its link is over, and where nobody is known', async () => {
    const on = await page()
    await on.goto(`${world.url}/widget/${world.business.tenantId}#nonsense`)
    await on.getByText('This link is not valid any more').waitFor()
    await on.goto('about:blank')
    await on.goto((await link({ centreConversationId: 'nobody' })).url)
    await on.getByText('Nobody here yet').waitFor()
    expect(await troubles(on)).toEqual([])
    await on.context().close()
    expect(problems).toEqual([])
  })
})
