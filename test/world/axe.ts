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

/** Serious and critical findings, and pixels by which the page is too wide: nothing of either is as it should be. */
export async function troubles(on: Page): Promise<string[]> {
  const wide = await on.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  await on.evaluate(source)
  const found = await on.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }
    return (await axe.run()).violations
  })
  return [
    ...(wide > 0 ? [`${wide} pixels too wide`] : []),
    ...found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`),
  ]
}
