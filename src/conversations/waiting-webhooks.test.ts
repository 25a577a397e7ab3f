import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silent } from '../../test/world/people.ts'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { openSpool, type Spool } from '../platform/spool.ts'
import type { SignedWebhook } from './batch.ts'
import { isAway, keepWaiting, webhookSource } from './waiting-webhooks.ts'

let folder: string
let spool: Spool
const taken: string[] = []
let open = false
beforeEach(async () => {
  taken.length = 0
  open = false
  folder = await mkdtemp(join(tmpdir(), 'parley-waiting-'))
  spool = await openSpool({
    ...{ folder, log: silent, maxBytes: 600, everyMs: 3_600_000, isPassing: isAway },
    async take({ body }) {
      if (!open) throw new ParleyError('unavailable', 'away')
      taken.push(body.toString())
    },
  })
})
afterEach(async () => {
  await spool.stop()
  await rm(folder, { recursive: true, force: true })
})

const webhook = (text: string): SignedWebhook => ({
  ...{ id: newId(), provider: 'p', appSlug: 'a', headers: {}, rawBody: Buffer.from(text), windowHours: null },
  parsed: { events: [], label: 'message' },
})
const ingress = (error?: Error) => ({
  accept: async ({ rawBody }: SignedWebhook) => {
    if (error) throw error
    taken.push(rawBody.toString())
  },
})
const accept = (text: string, error?: Error) =>
  keepWaiting({ spool, log: silent }).accept(ingress(error) as never, webhook(text))
const away = new ParleyError('unavailable', 'away')

test('what cannot be stored for the moment is on the disk before anybody is answered, and what comes after it stays behind it', async () => {
  await accept('first', away)
  expect(spool.waiting(webhookSource).files).toBe(1)
  await accept('second')
  expect(taken).toEqual([])
  open = true
  await spool.drain()
  expect(taken).toEqual(['first', 'second'])
  await accept('third')
  expect(taken).toEqual(['first', 'second', 'third'])
})

test('what is wrong for good is no reason to wait', async () => {
  await expect(accept('first', new Error('a fault'))).rejects.toThrow('a fault')
  expect(spool.waiting(webhookSource).files).toBe(0)
})

test('a full disk is said, so that the provider can try again', async () => {
  await accept('first', away)
  await expect(accept('x'.repeat(600), away)).rejects.toMatchObject({ code: 'unavailable' })
  expect(spool.waiting(webhookSource).files).toBe(1)
})
