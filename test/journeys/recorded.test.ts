/**
 * Webhooks that Meta really sent, through the whole server and onto the screen. Set PARLEY_RECORDED_PAYLOADS to a folder
 * with `whatsapp/wh-*.json`. With PARLEY_RECORDED_REPORT a table of what became of each is written to that path plus
 * `.server.md`. The ids of numbers and accounts are made ours; message ids get the file's name, because the samples repeat them.
 */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { messageBodies } from '../../src/ports/message.ts'
import { requirePart } from '../house/requires.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { password } from '../world/business.ts'
import { createWorld, type World } from '../world/world.ts'

const root = process.env.PARLEY_RECORDED_PAYLOADS
const folder = root === undefined ? '' : join(root, 'whatsapp')
const files =
  root === undefined
    ? []
    : readdirSync(folder)
        .filter((name) => name.startsWith('wh-') && name.endsWith('.json'))
        .sort()
const browserThere =
  root !== undefined && requirePart('Chromium', chromiumPath !== undefined) && requirePart('The built console', consoleBuilt())

if (root === undefined) {
  test.skip('recorded webhooks through the server: set PARLEY_RECORDED_PAYLOADS to the folder that holds them', () => {})
} else {
  describe('recorded webhooks through the server', () => {
    let world: World
    const becameOf = new Map<string, string>()
    const expectedMessages: string[] = []

    beforeAll(async () => {
      world = await createWorld()
    })
    afterAll(async () => {
      const report = process.env.PARLEY_RECORDED_REPORT
      if (report) {
        const rows = [...becameOf].map(([file, what]) => `| ${file} | ${what} |`)
        writeFileSync(`${report}.server.md`, `| webhook | what the server made of it |\n|---|---|\n${rows.join('\n')}\n`)
      }
      await world.close()
    })

    /** The sample with our number and business account, and message ids of its own. */
    function ours(file: string): Buffer {
      const { phoneNumberId, wabaId } = world.business
      const body = JSON.parse(readFileSync(join(folder, file), 'utf8'))
      for (const entry of body.entry ?? []) {
        entry.id = wabaId
        for (const { value } of entry.changes ?? []) {
          if (value?.metadata) value.metadata.phone_number_id = phoneNumberId
          for (const item of [...(value?.messages ?? []), ...(value?.message_echoes ?? []), ...(value?.statuses ?? [])])
            item.id = `${item.id}.${file}`
        }
      }
      return Buffer.from(JSON.stringify(body))
    }

    test.each(files)('%s is accepted, stored, and can be read in the API', async (file) => {
      const raw = ours(file)
      const signature = `sha256=${createHmac('sha256', world.business.appSecret).update(raw).digest('hex')}`
      const response = await fetch(`${world.url}/webhooks/whatsapp/${world.business.slug}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
        body: new Uint8Array(raw),
      })
      expect(response.status).toBe(200)
      const { rows: stored } = await world.database.owner.query(
        'SELECT status, processing_error, tenant_id FROM webhook_events WHERE payload = $1',
        [raw],
      )
      expect(stored).toMatchObject([{ status: 'processed', processing_error: null }])
      const { rows: messages } = await world.database.owner.query(
        'SELECT id, conversation_id, type FROM messages WHERE external_message_id LIKE $1 ORDER BY seq',
        [`%.${file}`],
      )
      const { rows: receipts } = await world.database.owner.query('SELECT status FROM message_statuses WHERE wamid LIKE $1', [
        `%.${file}`,
      ])
      const { rows: updates } = await world.database.owner.query(
        "SELECT type FROM account_updates WHERE tenant_id = $1 AND created_at > now() - interval '5 seconds'",
        [world.business.tenantId],
      )
      const became = [
        ...messages.map((m) => `message ${m.type}`),
        ...receipts.map((r) => `receipt ${r.status}`),
        ...(messages.length + receipts.length === 0 ? updates.slice(-1).map((u) => `account news ${u.type}`) : []),
      ]
      expect(became.length, 'nothing became of it').toBeGreaterThan(0)
      becameOf.set(file, became.join(', '))
      for (const message of messages) {
        expect(Object.keys(messageBodies)).toContain(message.type)
        const { status, body } = await world.api<{ id: string; type: string }>('GET', `/messages/${message.id}`)
        expect(status).toBe(200)
        expect(body.type).toBe(message.type)
        expectedMessages.push(message.id)
      }
    })

    test.skipIf(!browserThere)('every one of them is drawn in the console, and none breaks the page', async () => {
      const browser = await launchBrowser()
      const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(error.message))
      await page.goto(`${world.url}/inbox?tab=all`)
      await page.getByRole('textbox', { name: 'Email' }).fill(world.business.people.owner.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByTestId('conversation-row').first().waitFor()
      const { rows } = await world.database.owner.query(
        `SELECT m.id, m.type, m.external_message_id AS external, m.conversation_id, coalesce(CASE WHEN m.type IN ('reaction', 'edit', 'revoke') THEN m.reply_to_id END, m.id) AS shown FROM messages m WHERE m.id = ANY($1)`,
        [expectedMessages],
      )
      for (const message of rows) {
        // As the console goes from one to the next: without fetching itself anew.
        await page.evaluate(
          (to) => history.pushState(null, '', to),
          `/inbox/${message.conversation_id}?message=${message.shown}`,
        )
        const drawn = await page
          .locator(`[data-message-id="${message.shown}"]`)
          .waitFor({ timeout: 5000 })
          .then(
            () => true,
            () => false,
          )
        expect(drawn, `${message.type} ${message.external}`).toBe(true)
        const text = await page.locator('body').innerText()
        expect(text, message.type).not.toContain('This part of the page stopped working')
      }
      expect(problems).toEqual([])
      await browser.close()
    })
  })
}
