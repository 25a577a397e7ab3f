import { expect, test } from 'vitest'
import { centreSteps, isReady } from './readiness.ts'

const working = { configured: true, state: 'connected', text: null, heard: true, accounts: 1 }

test('a business without a contact centre is told nothing of one', () => {
  expect(centreSteps(undefined)).toEqual([])
})

test('what a contact centre still needs is said in words, and keeps nobody from being ready', () => {
  expect(centreSteps(working).map(({ id, done, missing }) => [id, done, missing])).toEqual([
    ['centre', true, null],
    ['centre_webhook', true, null],
    ['centre_accounts', true, null],
  ])
  const stopped = centreSteps({
    ...working,
    state: 'logged_out',
    text: 'The secret is not accepted.',
    heard: false,
    accounts: 0,
  })
  expect(stopped.map(({ done }) => done)).toEqual([false, false, false])
  expect(stopped[0]).toMatchObject({ missing: 'The secret is not accepted.', how: expect.stringContaining('credentials') })
  expect(isReady(stopped)).toBe(true)
  expect(centreSteps({ ...working, configured: false })[0]).toMatchObject({
    done: false,
    missing: 'Its credentials are missing.',
  })
})
