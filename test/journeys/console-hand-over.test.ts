/// <reference lib="dom" />
/** Giving a conversation to the contact centre and taking it back, at the console. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleBuilt } from '../../src/app/console.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { conversationWith } from '../world/reading.ts'
import { createWorld, type World } from '../world/world.ts'

const present =
  requirePart('Chromium', chromiumPath !== undefined) &&
  requirePart('The built console (npm run build:console)', consoleBuilt())

describe.skipIf(!present)('handing over at the console', () => {
  let world: World
  let browser: Browser
  let page: Page
  const phone = '15550109101'
  const toCentre = () => page.getByRole('button', { name: 'Hand over to the contact centre' })
  const takeBack = () => page.getByRole('button', { name: 'Take over from the contact centre' })
  const control = async () => (await conversationWith(world, phone)).control

  beforeAll(async () => {
    world = await createWorld()
    browser = await launchBrowser()
    world.customer(phone, 'Ada Lovelace').says('A question of theirs')
    await world.settle()
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    context.setDefaultTimeout(30_000)
    const [name = '', value = ''] = world.business.people.agent.cookie.split('=')
    await context.addCookies([{ name, value, url: world.url }])
    page = await context.newPage()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  const open = async () => {
    await page.goto(`${world.url}/inbox/${(await conversationWith(world, phone)).id}`)
    await page.getByText('A question of theirs').last().waitFor()
  }

  test('where a business has no contact centre nothing is offered', async () => {
    await open()
    await page.getByRole('button', { name: 'Assign' }).waitFor()
    expect(await toCentre().count()).toBe(0)
  })

  test('given away it is theirs and says so in the thread; taken back it is the team’s again', async () => {
    const nowhere = 'http://127.0.0.1:1'
    const values = { clientId: 'c', clientSecret: 'a secret value', integrationId: 'i', apiUrl: nowhere, loginUrl: nowhere }
    await world.api('PUT', `/tenants/${world.business.tenantId}/credentials/genesys`, { values }, 'owner')
    await open()
    await toCentre().click()
    await page.getByText('gave it to: Contact centre').waitFor()
    expect(await control()).toBe('agent')
    expect(await troubles(page)).toEqual([])
    await takeBack().click()
    await page.getByText('gave it to: Team').waitFor()
    expect(await control()).toBe('human')
    await toCentre().waitFor()
  })
})
