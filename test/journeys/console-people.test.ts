/** People at the console: from an empty server to a team, in Chromium against the server as its users start it. */
import { generate } from 'otplib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { type RunningServer, startServer } from '../world/demo-server.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())
const owner = { email: 'olga@bakery.example', password: 'warm bread every morning' }
const agent = { email: 'sue@bakery.example', password: 'cold butter every evening' }

// One story: each test goes on where the one before ended.
describe.skipIf(!present)('people at the console', () => {
  let server: RunningServer
  let browser: Browser
  let page: Page
  let colleague: Page
  let secret = ''
  const problems: string[] = []

  beforeAll(async () => {
    server = await startServer({ env: { PARLEY_DEMO: 'false' } })
    browser = await launchBrowser()
    page = await newPerson()
    colleague = await newPerson()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  afterEach(() => {
    expect(problems.splice(0)).toEqual([])
  })

  async function newPerson(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    context.setDefaultTimeout(30_000)
    const made = await context.newPage()
    made.on('pageerror', (error) => problems.push(error.message))
    return made
  }
  const field = (on: Page, name: string | RegExp) => on.getByRole('textbox', { name })
  const press = (on: Page, name: string | RegExp) => on.getByRole('button', { name, exact: typeof name === 'string' }).click()
  const settings = (on: Page, section: string) => on.goto(`${server.url}/settings/${section}`)
  const member = (on: Page, name: string) => on.getByTestId('member').filter({ hasText: name })
  async function signIn(on: Page, who: { email: string; password: string }): Promise<void> {
    await field(on, 'Email').fill(who.email)
    await field(on, 'Password').fill(who.password)
    await press(on, 'Sign in')
  }
  async function signOut(on: Page): Promise<void> {
    await on.getByTestId('account-menu').click()
    await on.getByRole('menuitem', { name: 'Sign out' }).click()
    await on.getByTestId('sign-in-form').waitFor()
  }
  async function invite(on: Page, email: string): Promise<string> {
    await settings(on, 'team')
    await field(on, 'Email').fill(email)
    await press(on, 'Invite')
    return await on.getByTestId('invitation-url').innerText()
  }

  test('the first one to come makes the business and is in', async () => {
    await page.goto(server.url)
    await page.getByTestId('sign-up-form').waitFor()
    expect(await troubles(page)).toEqual([])
    await field(page, 'Name of the business').fill('Bakery Sol')
    await field(page, 'First name').fill('Olga')
    await field(page, 'Last name').fill('Baker')
    await field(page, 'Email').fill(owner.email)
    await field(page, 'Password').fill(owner.password)
    await press(page, 'Create and sign in')
    await page.getByText('No open conversations').waitFor()
  })

  test('a colleague is invited, joins by the link, and both see each other', async () => {
    const link = await invite(page, agent.email)
    expect(new URL(link).hash.length).toBeGreaterThan(20)
    await page.getByTestId('invitations').getByText(agent.email).waitFor()
    await colleague.goto(link)
    await colleague.getByRole('heading', { name: 'Join Bakery Sol' }).waitFor()
    expect(colleague.url()).not.toContain('#')
    expect(await troubles(colleague)).toEqual([])
    await field(colleague, 'First name').fill('Sue')
    await field(colleague, 'Last name').fill('Vance')
    await field(colleague, 'Password').fill(agent.password)
    await press(colleague, 'Accept')
    await colleague.getByText('No open conversations').waitFor()
    await settings(colleague, 'team')
    await member(colleague, 'Olga Baker').getByText('Available').waitFor()
    await settings(page, 'team')
    await member(page, 'Sue Vance').getByText('Available').waitFor()
    expect(await page.getByTestId('invitations').count()).toBe(0)
  })

  test('a link that was used says so and what to do', async () => {
    const stranger = await newPerson()
    await stranger.goto(`${server.url}/invitation#${'x'.repeat(43)}`)
    await stranger.getByRole('alert').filter({ hasText: 'not valid any more' }).waitFor()
    await stranger.getByText('Ask whoever invited you').waitFor()
    await stranger.context().close()
  })

  test('who is busy looks busy to the others', async () => {
    await colleague.getByTestId('account-menu').click()
    await colleague.getByRole('menuitemradio', { name: 'Busy' }).click()
    // Without a reload: the page is told.
    await member(page, 'Sue Vance').getByText('Busy').waitFor()
  })

  test('somebody changes their name and phone, and colleagues see the name', async () => {
    await settings(colleague, 'profile')
    const form = colleague.getByTestId('profile-form')
    await form.getByRole('textbox', { name: 'Last name' }).fill('Winter')
    await form.getByRole('textbox', { name: 'Phone' }).fill('+34600123456')
    await form.getByRole('button', { name: 'Save' }).click()
    await colleague.getByText('Saved').waitFor()
    await settings(page, 'team')
    await member(page, 'Sue Winter').waitFor()
  })

  test('with the second step on, the password alone lets nobody in; the code does', async () => {
    await settings(page, 'security')
    const card = page.getByTestId('totp')
    await card.getByRole('textbox', { name: 'Your password' }).fill('not the password')
    await card.getByRole('button', { name: 'Turn on' }).click()
    await card.getByText('The present password is not right.').waitFor()
    await card.getByRole('textbox', { name: 'Your password' }).fill(owner.password)
    await card.getByRole('button', { name: 'Turn on' }).click()
    await card.getByRole('img', { name: /QR code/ }).waitFor()
    secret = (await card.locator('code').first().innerText()).trim()
    // A code counts once: the one before now, so that the present one is left for signing in. It is taken for half a minute more.
    const code = (shift: number) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + shift })
    const leftMs = 30_000 - (Date.now() % 30_000)
    if (leftMs < 10_000) await page.waitForTimeout(leftMs)
    await field(page, 'Code').fill(await code(-30))
    await press(page, 'Confirm')
    await page.getByTestId('recovery-codes').waitFor()
    expect(await page.getByTestId('recovery-codes').getByRole('listitem').count()).toBe(10)
    await press(page, 'I have kept them')
    await card.getByText('It is on').waitFor()
    await signOut(page)
    await signIn(page, owner)
    await page.getByTestId('code-form').waitFor()
    await field(page, 'Code').fill('000000')
    await press(page, 'Sign in')
    await page.getByRole('alert').waitFor()
    await field(page, 'Code').fill(await code(0))
    await press(page, 'Sign in')
    await page.getByTestId('account-menu').waitFor()
  })

  test('other devices are seen and signed out', async () => {
    const phone = await newPerson()
    await phone.goto(server.url)
    await signIn(phone, agent)
    await phone.getByTestId('account-menu').waitFor()
    await settings(colleague, 'security')
    const sessions = colleague.getByTestId('sessions')
    await sessions.getByText('Chrome on Linux').nth(1).waitFor()
    await sessions.getByRole('button', { name: 'Sign out all others' }).click()
    await phone.getByRole('link', { name: 'Contacts' }).click()
    await phone.getByText('Your session has ended').waitFor()
    await phone.context().close()
  })

  test('an owner hands over a link, and a forgotten password is replaced', async () => {
    await settings(page, 'team')
    await member(page, 'Sue Winter').getByRole('button', { name: 'Password link' }).click()
    const link = await member(page, 'Sue Winter').locator('code').innerText()
    const other = await newPerson()
    await other.goto(link)
    await field(other, 'New password').fill('short')
    await field(other, 'New password').fill('hot tea every afternoon')
    await press(other, 'Save the password')
    await other.getByText('The new password is saved').waitFor()
    await signIn(other, { email: agent.email, password: 'hot tea every afternoon' })
    await other.getByTestId('account-menu').waitFor()
    await other.context().close()
  })

  test('who works for two businesses goes from one to the other, by menu and by palette', async () => {
    await page.goto(`${server.url}/platform/tenants`)
    await press(page, 'New business')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name of the business' }).fill('Café Luna')
    await dialog.getByRole('textbox', { name: 'Email of the owner' }).fill(owner.email)
    await dialog.getByRole('button', { name: 'Create' }).click()
    const link = await dialog.locator('code').first().innerText()
    await page.goto(link)
    await page.getByText('You have an account here already').waitFor()
    await field(page, 'Password').fill(owner.password)
    await press(page, 'Accept')
    await field(page, 'Code').fill(await generate({ secret, epoch: Math.floor(Date.now() / 1000) + 30 }))
    await press(page, 'Accept')
    await page.getByTestId('account-menu').waitFor()
    await settings(page, 'profile')
    await page.getByRole('main').getByText('Café Luna').first().waitFor()
    await page.getByTestId('account-menu').click()
    await page.getByRole('menuitemradio', { name: 'Bakery Sol' }).click()
    await settings(page, 'team')
    await member(page, 'Sue Winter').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').getByRole('combobox').fill('luna')
    await page.getByRole('option', { name: 'Switch to Café Luna' }).click()
    await settings(page, 'team')
    await page.getByText('You are alone here').waitFor()
    await page.getByTestId('account-menu').click()
    await page.getByRole('menuitemradio', { name: 'Bakery Sol' }).click()
    await page.waitForURL(/inbox/)
  })

  test('a suspended business can be read and not changed, until the suspension is lifted', async () => {
    await page.goto(`${server.url}/platform/tenants?q=bakery`)
    await page.getByTestId('tenants').getByText('Bakery Sol').click()
    const limit = page.getByRole('textbox', { name: 'Numbers at once' })
    await limit.fill('3')
    await limit.press('Enter')
    await page.getByText('Saved', { exact: true }).first().waitFor()
    await page.reload()
    await limit.waitFor()
    expect(await limit.inputValue()).toBe('3')
    await press(page, 'Suspend')
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
    await page.getByTestId('tenant-status').filter({ hasText: 'Suspended' }).waitFor()
    const sue = await newPerson()
    await sue.goto(server.url)
    await signIn(sue, { email: agent.email, password: 'hot tea every afternoon' })
    await sue.getByTestId('suspended-bar').waitFor()
    expect(await sue.getByRole('button', { name: 'New conversation' }).count()).toBe(0)
    await sue.context().close()
    await press(page, 'Lift the suspension')
    await page.getByTestId('tenant-status').filter({ hasText: 'Active' }).waitFor()
  })

  test('who runs the server and works for no business sees the server’s pages only', async () => {
    await page.goto(`${server.url}/platform/operators`)
    await field(page, 'Email').fill(agent.email)
    await press(page, 'Add')
    await page.getByRole('listitem').filter({ hasText: agent.email }).waitFor()
    await settings(page, 'team')
    await press(page, 'Remove: Sue Winter')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('Sue Winter was removed.').waitFor()
    const sue = await newPerson()
    await sue.goto(`${server.url}/inbox`)
    await signIn(sue, { email: agent.email, password: 'hot tea every afternoon' })
    await sue.getByTestId('tenants').getByText('Café Luna').waitFor()
    expect(await sue.getByRole('link', { name: 'Inbox' }).count()).toBe(0)
    await sue.context().close()
  })

  test('the log tells it in sentences', async () => {
    await settings(page, 'audit')
    const log = page.getByTestId('audit')
    await log.getByText(`Olga Baker invited ${agent.email}`).waitFor()
    await log.getByText('Olga Baker suspended the business').waitFor()
    await page.getByLabel('What').selectOption('member.invited')
    await log.getByText('suspended').first().waitFor({ state: 'detached' })
    await log.getByText(`invited ${agent.email}`).waitFor()
  })

  test.each([
    [1440, 'light', 'en'],
    [390, 'dark', 'ar'],
  ] as const)('at %i pixels, %s, %s, axe finds nothing serious on any page', async (width, colorScheme, locale) => {
    const { cookies } = await page.context().storageState()
    const visitor = await newPerson({ viewport: { width, height: 844 }, colorScheme, locale })
    await visitor.context().addCookies(cookies)
    const found: Record<string, string[]> = {}
    for (const place of [
      ...['channels', 'business', 'hours', 'team', 'keys', 'audit', 'profile', 'security'].map((one) => `settings/${one}`),
      ...['tenants', 'keys', 'operators', 'me'].map((one) => `platform/${one}`),
    ]) {
      // As the console goes from one to the next: only the first is fetched, and axe with it.
      if (visitor.url().startsWith(server.url))
        await visitor.evaluate((to) => {
          for (const old of document.querySelectorAll('main h2')) old.setAttribute('data-old', '')
          history.pushState(null, '', to)
        }, `/${place}`)
      else await visitor.goto(`${server.url}/${place}`)
      await visitor.locator('main h2:not([data-old])').first().waitFor()
      await visitor.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' })
      const wrong = await troubles(visitor)
      if (wrong.length > 0) found[place] = wrong
    }
    expect(found).toEqual({})
    await visitor.context().close()
  })
})
