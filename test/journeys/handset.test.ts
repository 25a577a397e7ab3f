/** The simulated handset: a person writes to a business and sees what comes back. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realClock } from '../../simulators/clock.ts'
import { ada, type Scene, shop, startScene } from '../../simulators/twilio/test-kit.ts'
import { requirePart } from '../house/requires.ts'
import { troubles } from '../world/axe.ts'
import { chromiumPath, launchBrowser } from '../world/browser.ts'
import { until } from '../world/until.ts'

const present = requirePart('Chromium', chromiumPath !== undefined)
let scene: Scene
let browser: Browser | undefined
beforeAll(async () => {
  scene = await startScene({ clock: realClock() })
  if (present) browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await scene.stop()
})

test.skipIf(!present)('what is typed arrives as a webhook, and the answer is on the screen with how far it came', async () => {
  const page = await (browser as Browser).newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  await page.goto(scene.url)
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Is <b>anybody</b> there?')
  await page.getByRole('button', { name: 'Send' }).click()
  await until('the webhook came', () => scene.receiver.received.length === 1)
  expect(scene.receiver.received[0]?.params).toMatchObject({ From: ada, To: shop, Body: 'Is <b>anybody</b> there?' })
  await scene.client.messages.create({ to: ada, from: shop, body: 'Yes' })
  await page.getByText('delivered').waitFor()
  await page.getByRole('button', { name: 'Handset unreachable' }).click()
  await page.getByRole('button', { name: 'Remove fails' }).waitFor()
  await scene.client.messages.create({ to: ada, from: shop, body: 'And again' })
  await page.getByText('undelivered, 30003').waitFor()
  // It rings too, and says what the caller heard.
  const number = [...scene.simulator.world.numbers.values()].find(({ phoneNumber }) => phoneNumber === shop)
  Object.assign(number?.settings ?? {}, { VoiceUrl: `${scene.receiver.url}/voice` })
  scene.receiver.answers.push({
    status: 200,
    type: 'text/xml',
    body: '<Response><Say>Nobody is here.</Say><Hangup/></Response>',
  })
  await page.getByRole('combobox', { name: 'Call it, and' }).selectOption('busy')
  await page.getByRole('button', { name: 'Call', exact: true }).click()
  await page.getByText('“Nobody is here.”').waitFor()
  expect(await troubles(page)).toEqual([])
  expect(problems).toEqual([])
})
