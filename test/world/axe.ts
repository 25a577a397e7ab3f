/// <reference lib="dom" />
/** What axe has to say about a page, and whether something spills over its side. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  impact: string
  nodes: { target: string[] }[]
}

/** What fades in is faint meanwhile, which is no fault of its colours: waits until nothing has moved for three frames. */
async function stands(on: Page): Promise<void> {
  await on.waitForFunction(
    () =>
      new Promise<boolean>((resolve) => {
        const moves = () =>
          document
            .getAnimations()
            .some((one) => one.playState === 'running' && Number.isFinite(one.effect?.getComputedTiming().endTime))
        let still = 0
        const look = () => {
          still = moves() ? 0 : still + 1
          if (still === 3) resolve(true)
          else requestAnimationFrame(look)
        }
        look()
      }),
    undefined,
    { timeout: 5000 },
  )
}

/**
 * Serious and critical findings, and pixels by which the page is too wide: nothing of either is as it should be. Looked at
 * again where there is something: a notice may have begun to fade in under the first look.
 */
export async function troubles(on: Page): Promise<string[]> {
  const first = await look(on)
  return first.length > 0 ? await look(on) : first
}

async function look(on: Page): Promise<string[]> {
  const wide = await on.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  await stands(on)
  // Reading it is as dear as running it: once for each document.
  if (!(await on.evaluate(() => 'axe' in window))) await on.evaluate(source)
  const found = await on.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: unknown): Promise<{ violations: Finding[] }> } }
    return (await axe.run({ resultTypes: ['violations'] })).violations
  })
  return [
    ...(wide > 0 ? [`${wide} pixels too wide`] : []),
    ...found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`),
  ]
}
