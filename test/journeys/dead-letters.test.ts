/** What could not be taken in, from the console's page and from the command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { MessageEvent } from '../../src/ports/channel.ts'
import { requirePart } from '../house/requires.ts'
import { digits, inboundText, webhook } from '../world/arrange.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { startProcess } from '../world/process.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())
beforeEach(() => world.database.owner.query('DELETE FROM dead_letters'))

/** Signed, and with a time that the database does not take. */
async function poison(text: string): Promise<MessageEvent & { letter: string }> {
  const { tenantId, accountId, phoneNumberId, slug } = world.business
  const account = { tenantId, accountId, externalId: phoneNumberId }
  const event = inboundText(account, `1650${digits(7)}`, text, { occurredAt: 'the day after tomorrow' })
  const hook = { ...webhook(event), appSlug: slug }
  await receiveBatch({ db: world.app.db, log: createLogger({ level: 'CRITICAL' }) }, [hook])
  const { rows } = await world.database.owner.query('SELECT id FROM dead_letters WHERE webhook_event_id = $1', [hook.id])
  return { ...event, letter: rows[0].id }
}
const stored = async ({ externalId }: { externalId: string }): Promise<number> =>
  (await world.database.owner.query('SELECT count(*)::int AS n FROM messages WHERE external_message_id = $1', [externalId]))
    .rows[0].n
/** As it has to be for the database to take it. */
const mend = (letter: string) =>
  world.database.owner.query(
    `UPDATE dead_letters SET payload = jsonb_set(original_payload, '{occurredAt}', to_jsonb('2026-01-01T00:00:00.000Z'::text)) WHERE id = $1`,
    [letter],
  )

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('at the console', () => {
  let browser: Browser
  let page: Page
  const problems: string[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
    page = await newPage({})
  })
  afterAll(() => browser?.close())
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })
  async function newPage(options: object): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.owner.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    const made = await context.newPage()
    made.on('pageerror', (error) => problems.push(error.message))
    return made
  }
  const open = (on: Page = page) => on.goto(`${world.url}/settings/letters`)
  const press = (on: Page | Locator, name: string) => on.getByRole('button', { name, exact: true }).click()

  test('nothing waits: it says so, and that this is good', async () => {
    await open()
    await page.getByText('Nothing is waiting').waitFor()
    expect(await page.getByRole('button', { name: 'Take in all of these' }).count()).toBe(0)
  })

  test('one is looked into, mended where it is wrong, and taken in; the log and the conversation show it', async () => {
    const event = await poison('Do you mend clocks?')
    await open()
    const line = page.getByTestId('dead-letters').getByRole('button', { name: /A value is not valid/ })
    // By keyboard alone.
    await line.focus()
    await page.keyboard.press('Enter')
    const form = page.getByTestId('dead-letter-form')
    const editor = form.getByRole('textbox', { name: 'What is taken in' })
    expect(await editor.inputValue()).toContain('the day after tomorrow')
    await page.getByText('The webhook that brought it').click()
    expect(await page.getByRole('textbox', { name: 'The webhook that brought it' }).inputValue()).toContain(
      'Do you mend clocks?',
    )
    expect(await troubles(page)).toEqual([])

    await press(form, 'Take in again')
    await page
      .getByText(/It could not be taken in: .*occurredAt/)
      .first()
      .waitFor()
    await editor.fill('{ "kind": ')
    await form.getByText('This is not a JSON object.').first().waitFor()
    expect(await form.getByRole('button', { name: 'Take in again' }).isDisabled()).toBe(true)
    await press(form, 'As it came')
    await editor.fill((await editor.inputValue()).replace('the day after tomorrow', new Date().toISOString()))
    await press(form, 'Take in again')
    await page.getByText('It was taken in.').waitFor()
    expect(await stored(event)).toBe(1)
    await page.getByText('Nothing is waiting').waitFor()

    await page.getByLabel('State').selectOption('replayed')
    await line.click()
    await page.getByText('owner Person took it in').waitFor()
    await page.goto(`${world.url}/settings/audit`)
    await page.getByTestId('audit').getByText('owner Person took in dead letters again').waitFor()
    await page.goto(`${world.url}/inbox`)
    await page.getByText('Do you mend clocks?').first().waitFor()
  })

  test('what is wrong with a mended one is said, and nothing is changed by it', async () => {
    const event = await poison('never mind')
    await open()
    await page.getByTestId('dead-letters').getByRole('button').first().click()
    const form = page.getByTestId('dead-letter-form')
    const editor = form.getByRole('textbox', { name: 'What is taken in' })
    await editor.fill((await editor.inputValue()).replace(event.externalId, 'wamid.somebody.elses'))
    await press(form, 'Take in again')
    await form
      .getByRole('alert')
      .getByText(/externalId cannot be changed/)
      .waitFor()
    await form.getByRole('textbox', { name: 'Why (optional)' }).fill('a test of theirs')
    await press(form, 'Discard')
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
    await page.getByText('It was discarded.').waitFor()
    expect(await stored(event)).toBe(0)
    await page.getByLabel('State').selectOption('discarded')
    await page.getByTestId('dead-letters').getByRole('button').first().click()
    await page.getByText('a test of theirs').waitFor()
  })

  test('sixty are taken in with one button, and it shows how far it is', async () => {
    const events = await Promise.all(Array.from({ length: 60 }, (_, n) => poison(`line ${n}`)))
    for (const { letter } of events) await mend(letter)
    await open()
    const steps: string[] = []
    await page.route('**/api/dead-letters/replay', async (route) => {
      const answer = await route.fetch()
      steps.push(await answer.text())
      await route.fulfill({ response: answer })
    })
    await press(page, 'Take in all of these')
    await page.getByRole('dialog').getByRole('button', { name: 'Take in again' }).click()
    await page.getByText('60 done, 0 not.').waitFor()
    await page.unroute('**/api/dead-letters/replay')
    expect(steps.map((text) => JSON.parse(text).left)).toEqual([35, 10, 0])
    for (const event of events) expect(await stored(event)).toBe(1)
    await page.getByText('Nothing is waiting').waitFor()
  })

  test('on a phone, in the dark, from right to left, it is whole', async () => {
    await poison('مرحبا')
    const phone = await newPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ar' })
    await open(phone)
    await phone.getByTestId('dead-letters').getByRole('button').first().waitFor()
    expect(await troubles(phone)).toEqual([])
    await phone.getByTestId('dead-letters').getByRole('button').first().click()
    await phone.getByTestId('dead-letter-form').waitFor()
    expect(await troubles(phone)).toEqual([])
    await phone.context().close()
  })

  test('who only answers customers does not see the page, and is refused by the API', async () => {
    expect((await world.api('GET', '/dead-letters', undefined, 'agent')).status).toBe(403)
    expect((await world.api('GET', '/dead-letters', undefined, 'owner')).status).toBe(200)
  })
})

describe('from the command line', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-dlq-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  async function parley(...args: string[]): Promise<{ code: number | null; said: string }> {
    const settings = { DATABASE_URL: world.database.url, PARLEY_DATA_DIR: folder, NODE_ENV: 'test' }
    const run = startProcess(settings, ['dlq', ...args])
    const { code } = await run.exited
    return { code, said: run.output() }
  }

  test('they are listed, shown, mended from a file, taken in and discarded', async () => {
    const business = ['--business', world.business.slug]
    const event = await poison('from afar')
    const other = await poison('not wanted')
    expect((await parley('list', ...business)).said).toContain(event.letter)
    expect(JSON.parse((await parley('show', event.letter, ...business)).said)).toMatchObject({
      id: event.letter,
      webhook: { body: expect.stringContaining('from afar') },
    })
    expect(await parley('replay', event.letter, ...business)).toMatchObject({
      code: 1,
      said: expect.stringContaining('occurredAt'),
    })
    const file = join(folder, 'mended.json')
    await writeFile(file, JSON.stringify({ ...event, letter: undefined, occurredAt: new Date().toISOString() }))
    expect(await parley('replay', event.letter, ...business, '--payload', file)).toMatchObject({ code: 0 })
    expect(await stored(event)).toBe(1)
    expect(await parley('discard', '--all', ...business, '--note', 'old')).toMatchObject({
      code: 0,
      said: expect.stringContaining('0 to go'),
    })
    expect((await parley('list', ...business)).said).toContain('Nothing.')
    const { rows } = await world.database.owner.query('SELECT resolution, resolved_by FROM dead_letters WHERE id = $1', [
      other.letter,
    ])
    expect(rows).toEqual([{ resolution: 'discarded', resolved_by: 'cli' }])
  })

  test('a file of one that is taken in from there is fetched by the server', async () => {
    const event = await poison('a picture')
    const media = [{ externalId: '1234567', mimeType: 'image/jpeg' }]
    const file = join(folder, 'picture.json')
    const whole = { ...event, letter: undefined, type: 'image', body: {}, media, occurredAt: new Date().toISOString() }
    await writeFile(file, JSON.stringify(whole))
    const did = await parley('replay', event.letter, '--business', world.business.slug, '--payload', file)
    expect(did).toMatchObject({ code: 0 })
    await until(
      'the server asked the provider for it',
      async () => {
        const { rows } = await world.database.owner.query(
          `SELECT m.state FROM media_objects m JOIN messages s ON s.id = m.message_id WHERE s.external_message_id = $1`,
          [event.externalId],
        )
        return rows[0] && rows[0].state !== 'pending'
      },
      { timeoutMs: 60_000 },
    )
  })

  test('one that is not there, or has no address, is said so', async () => {
    expect(await parley('replay')).toMatchObject({ code: 1, said: expect.stringContaining('--all') })
    expect(await parley('list', '--business', 'nobody')).toMatchObject({
      code: 1,
      said: expect.stringContaining('no business nobody'),
    })
  })
})
