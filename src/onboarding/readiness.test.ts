import { expect, test } from 'vitest'
import { centreSteps, isReady, isWanted } from './readiness.ts'

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

test('a business hears of the channels it uses or has begun with, and of all while it has none to choose from', () => {
  expect(isWanted('twilio', [], 1)).toBe(false)
  expect(isWanted('twilio', ['twilio'], 1)).toBe(true)
  expect(isWanted('twilio', ['whatsapp'], 0)).toBe(false)
  expect([isWanted('twilio', [], 0), isWanted('whatsapp', [], 0)]).toEqual([true, true])
})
