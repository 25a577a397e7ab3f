/** Adds up the JSON reports of test runs in a folder: "N passed, N failed[, N skipped]". A run without a report counts as failed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
  testResults: z.array(
    z.object({
      name: z.string().default(''),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string().default(''),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
})

export interface Count {
  passed: number
  failed: number
  skipped: number
}

/** A file that could not even be loaded has no test of its own that failed: it counts as one. So does a run of no test at all. */
export function countReport(json: unknown): Count {
  const run = report.parse(json)
  const unloaded = run.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: run.numPassedTests,
    failed: run.numFailedTests + unloaded.length + (run.testResults.length === 0 ? 1 : 0),
    skipped: run.numPendingTests + run.numTodoTests,
  }
}

const linesOfReason = 12

/** Each failed test with its file and the beginning of the reason: whoever reads only the end of a long log sees it too. */
export function failuresOf(json: unknown): string[] {
  const inShort = (text: string) => text.split('\n').slice(0, linesOfReason).join('\n      ')
  return report.parse(json).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (status === 'failed' && failed.length === 0) return [`${name}\n      ${inShort(message)}`]
    return failed.map((test) => `${name} > ${test.fullName}\n      ${inShort(test.failureMessages?.join('\n') ?? '')}`)
  })
}

export function addUp(counts: readonly Count[]): Count {
  if (counts.length === 0) return { passed: 0, failed: 1, skipped: 0 }
  return counts.reduce((sum, one) => ({
    passed: sum.passed + one.passed,
    failed: sum.failed + one.failed,
    skipped: sum.skipped + one.skipped,
  }))
}

export const sentence = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

if (import.meta.main) {
  const folder = process.argv[2] ?? '.'
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const reports = files.map((name): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  const total = addUp(reports.map(countReport))
  for (const failure of reports.flatMap(failuresOf)) console.log(`✗ ${failure}`)
  console.log(sentence(total))
  process.exitCode = total.failed > 0 ? 1 : 0
}
