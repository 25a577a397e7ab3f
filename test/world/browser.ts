/**
 * Debian's Chromium, driven by playwright-core: the build without windows where it is installed, which takes a third of the
 * processor time. Without background networking it asks nobody but our server.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { type Browser, chromium, type Page } from 'playwright-core'

const candidates = [
  process.env.PARLEY_TEST_CHROMIUM,
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
export const chromiumPath = candidates.find((path): path is string => path !== undefined && existsSync(path))

/** Whoever looks wants less motion unless they say otherwise: what fades and slides is half of the drawing, and of the waiting for it. */
export async function launchBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const newContext = browser.newContext.bind(browser)
  browser.newContext = (options) => newContext({ reducedMotion: 'reduce', ...options })
  return browser
}

/** For whoever wants to see a page: written only where PARLEY_SCREENSHOTS names a folder. */
export async function photograph(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  const folder = process.env.PARLEY_SCREENSHOTS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage })
}
