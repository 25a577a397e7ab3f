import { expect, test } from 'vitest'
import { addUp, countReport, failuresOf, sentence } from './count-tests.ts'

const oneFile = [{ status: 'passed', tests: ['passed'] }]
const run = (given: { passed?: number; failed?: number; skipped?: number; files?: { status: string; tests: string[] }[] }) => ({
  numPassedTests: given.passed ?? 0,
  numFailedTests: given.failed ?? 0,
  numPendingTests: given.skipped ?? 0,
  testResults: (given.files ?? oneFile).map(({ status, tests }) => ({
    status,
    assertionResults: tests.map((one) => ({ status: one })),
  })),
})

test('two runs are added up, and what was skipped is only named where there was something', () => {
  const counts = [run({ passed: 3, failed: 1 }), run({ passed: 2 })].map(countReport)
  expect(sentence(addUp(counts))).toBe('5 passed, 1 failed')
  expect(sentence(addUp([countReport(run({ passed: 1, skipped: 2 }))]))).toBe('1 passed, 0 failed, 2 skipped')
})

test('a file that could not be loaded counts as failed, one whose tests failed is not counted twice', () => {
  const files = [
    { status: 'failed', tests: [] },
    { status: 'failed', tests: ['failed', 'passed'] },
    { status: 'passed', tests: ['passed'] },
  ]
  expect(countReport(run({ passed: 2, failed: 1, files }))).toEqual({ passed: 2, failed: 2, skipped: 0 })
})

test('no report at all is a failure, and so is a run of no test', () => {
  expect(addUp([]).failed).toBe(1)
  expect(countReport(run({ files: [] })).failed).toBe(1)
})

test('each failure is told with its file and the beginning of its reason', () => {
  const testResults = [
    { name: 'a.test.ts', status: 'failed', message: 'cannot be loaded', assertionResults: [] },
    {
      name: 'b.test.ts',
      status: 'failed',
      assertionResults: [
        { status: 'passed', fullName: 'fits' },
        { status: 'failed', fullName: 'does not fit', failureMessages: [`expected 1\n${'at x\n'.repeat(40)}end`] },
      ],
    },
  ]
  const [unloaded = '', failed = '', ...others] = failuresOf({ ...run({ failed: 1 }), testResults })
  expect(unloaded).toBe('a.test.ts\n      cannot be loaded')
  expect(failed).toContain('b.test.ts > does not fit\n      expected 1')
  expect(failed).not.toContain('end')
  expect(others).toEqual([])
})
