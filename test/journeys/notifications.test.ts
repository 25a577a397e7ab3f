/// <reference lib="dom" />
/** What the team should know: raised by what happens, shown behind the bell, read, and pushed to browsers that asked for it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NotificationPage } from '../../client/index.ts'
import { consoleBuilt } from '../../src/app/console.ts'
import { notify } from '../../src/conversations/notify.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

let world: World
let conversation: string
beforeAll(async () => {
  world = await createWorld()
  const ada = world.customer('15550110001', 'Ada Lovelace')
  ada.says('There is water everywhere')
  await world.settle()
  conversation = (await conversationWith(world, ada.phone)).id
})
afterAll(() => world?.close())

const own = (cookie: string) => async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${world.url}/api/me${path}`, {
    method,
    headers: { cookie, origin: world.url, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: response.status === 204 ? null : await response.json() }
}
let n = 0
const emergency = () =>
  inTenant(world.app.db, world.business.tenantId, async (tx) => {
    await notify(tx, {
      ...{ kind: 'emergency', key: `test/${n++}`, conversationId: conversation, data: { what: 'There is water everywhere' } },
    })
    tx.onCommit(() => world.app.inbox.changed(tx.tenantId))
  })

test('each has their own: listed newest first, read up to what was seen, and nobody else’s', async () => {
  const { owner, agent, viewer } = world.business.people
  const [mine, colleagues, viewers] = [own(owner.cookie), own(agent.cookie), own(viewer.cookie)]
  for (let n = 0; n < 3; n++) await emergency()
  const { items, unread } = (await mine('GET', '/notifications')).body as NotificationPage
  expect([items.length, unread]).toEqual([3, 3])
  expect(items[0]).toMatchObject({
    ...{
      kind: 'emergency',
      urgent: true,
      conversationId: conversation,
      who: 'Ada Lovelace',
      what: 'There is water everywhere',
    },
    readAt: null,
  })
  expect((await mine('POST', '/notifications/read', { upTo: items[1]?.id })).body).toEqual({ unread: 1 })
  expect((await colleagues('GET', '/notifications')).body).toMatchObject({ unread: 3 })
  expect((await viewers('GET', '/notifications')).body).toMatchObject({ items: [], unread: 0 })
  const second = (await mine('GET', `/notifications?limit=1&before=${items[0]?.id}`)).body as NotificationPage
  expect([second.items.map(({ id }) => id), second.hasMore]).toEqual([[items[1]?.id], true])
  expect((await mine('POST', '/notifications/read', { conversationId: conversation })).body).toEqual({ unread: 0 })
})

test('a browser is subscribed with what it gives, at https only, and not by somebody who is not signed in', async () => {
  const mine = own(world.business.people.owner.cookie)
  const { publicKey } = (await mine('GET', '/push/key')).body
  expect(Buffer.from(publicKey, 'base64url')).toHaveLength(65)
  const keys = { p256dh: publicKey, auth: 'a'.repeat(22) }
  expect((await mine('PUT', '/push', { endpoint: 'http://push.test/1', keys })).status).toBe(400)
  expect((await mine('PUT', '/push', { endpoint: 'https://push.test/1', keys: { ...keys, auth: 'not it' } })).status).toBe(400)
  expect((await mine('PUT', '/push', { endpoint: 'https://push.test/1', keys })).status).toBe(204)
  expect((await mine('POST', '/push/end', { endpoint: 'https://push.test/1' })).status).toBe(204)
  expect((await own('')('GET', '/notifications')).status).toBe(401)
})

describe.skipIf(!present).each([
  ['on a desk', { width: 1440, height: 900 }, 'light'],
  ['on a telephone, in the dark', { width: 390, height: 844 }, 'dark'],
] as const)('behind the bell, %s', (_where, viewport, colorScheme) => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport, colorScheme })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
    await own(world.business.people.agent.cookie)('POST', '/notifications/read', {})
    await page.goto(`${world.url}/inbox`)
  })
  afterAll(() => browser?.close())

  test('what comes is counted at once; looking reads it; a touch opens the conversation', async () => {
    const bell = page.getByTestId('bell')
    await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor()
    await emergency()
    await page.getByRole('button', { name: 'Notifications, 1 new' }).waitFor()
    await bell.click()
    const line = page.getByRole('button', { name: /Emergency: Ada Lovelace/ }).first()
    await line.waitFor()
    expect(await troubles(page)).toEqual([])
    await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor()
    await line.click()
    await page.waitForURL(`**/inbox/${conversation}`)
  })

  test('what could not be brought is told in the profile, and to those who manage the team on its page', async () => {
    await world.database.owner.query(
      `INSERT INTO notification_deliveries (tenant_id, notification_id, means, state, detail)
       SELECT n.tenant_id, n.id, 'sms', 'failed', 'The number does not exist.' FROM notifications n
        WHERE n.tenant_id = $1 AND n.user_id = $2 ORDER BY n.id LIMIT 2
       ON CONFLICT (tenant_id, notification_id, means) DO UPDATE SET state = 'failed', detail = excluded.detail`,
      [world.business.tenantId, world.business.people.agent.userId],
    )
    // A text whose answer was lost: it stands beside them.
    await world.database.owner.query(
      `WITH one AS (INSERT INTO notifications (tenant_id, user_id, kind, key) VALUES ($1, $2, 'lead', 'lead/unknown')
         ON CONFLICT (tenant_id, user_id, key) DO UPDATE SET kind = excluded.kind RETURNING tenant_id, id)
       INSERT INTO notification_deliveries (tenant_id, notification_id, means, state, detail)
       SELECT tenant_id, id, 'sms', 'unknown', 'The sender stopped before the answer was recorded.' FROM one ON CONFLICT DO NOTHING`,
      [world.business.tenantId, world.business.people.agent.userId],
    )
    await page.goto(`${world.url}/settings/profile`)
    const unsent = page.getByTestId('unsent')
    await unsent.getByText('2 texts could not be sent').waitFor()
    await unsent.getByText('The number does not exist.').waitFor()
    await unsent.getByText('1 text may not have arrived: it is not known').waitFor()
    expect(await troubles(page)).toEqual([])
    await page.goto(`${world.url}/settings/team`)
    await page.getByTestId('members').waitFor()
    expect(await page.getByTestId('team-unsent').count()).toBe(0)
    const [name = '', value = ''] = world.business.people.owner.cookie.split('=')
    await page.context().addCookies([{ name, value, url: world.url }])
    await page.goto(`${world.url}/settings/team`)
    await page.getByTestId('team-unsent').getByText('2 texts could not be sent').waitFor()
    expect(await troubles(page)).toEqual([])
  })
})
