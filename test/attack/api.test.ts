/** The API, media and stream against hostile and unlucky callers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchMedia, safeFileName } from '../../src/conversations/attachments.ts'
import { newId } from '../../src/kernel/ids.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { readOrMakeKeyFile } from '../../src/platform/keyring.ts'
import { digits } from '../world/arrange.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let folder: string
beforeAll(async () => {
  world = await createWorld()
  folder = await mkdtemp(join(tmpdir(), 'parley-attack-'))
})
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true })
})

interface Listed {
  items: { id: string }[]
}
async function conversation(phone: string): Promise<string> {
  world.customer(phone).says('hello')
  await world.settle()
  const { body } = await world.api<Listed>('GET', `/conversations?q=${phone}`)
  return body.items[0]?.id as string
}
const text = (value: string) => ({ body: { type: 'text', text: value } })

test('one idempotency key used at once in two conversations is a mismatch, not a fault', async () => {
  const [a, b] = [await conversation('16505550101'), await conversation('16505550102')]
  for (let i = 0; i < 10; i++) {
    const idempotencyKey = `both-at-once-${i}`
    const answers = await Promise.all(
      [a, b].map((id) => world.api('POST', `/conversations/${id}/messages`, { ...text('x'), idempotencyKey })),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 422])
  }
})

test('starting again with the same key after the conversation was closed returns the first message', async () => {
  const phone = '16505550103'
  const id = await conversation(phone)
  const call = {
    ...text('hi'),
    accountId: world.business.accountId,
    to: { phone: `+${phone}` },
    idempotencyKey: 'started-once-1',
  }
  const first = await world.api<{ id: string }>('POST', '/messages', call)
  expect(first.status).toBe(201)
  await world.api('PATCH', `/conversations/${id}`, { status: 'closed' })
  const second = await world.api<{ id: string }>('POST', '/messages', call)
  expect({ status: second.status, id: second.body.id }).toEqual({ status: 200, id: first.body.id })
})

test.for([
  ['a key with a NUL', 'POST', '/conversations/{c}/messages', { ...text('x'), idempotencyKey: 'with-\u0000-nul' }],
  ['a contact that is not here', 'POST', '/messages', { ...text('x'), accountId: '{a}', to: { contactId: newId() } }],
  ['a name with a NUL', 'PATCH', '/contacts/{k}', { name: 'A\u0000B' }],
  ['a search with a NUL', 'GET', '/contacts?q=a%00b', undefined],
  ['a search of conversations with a NUL', 'GET', '/conversations?q=a%00b', undefined],
  [
    'a cursor of the year 275760',
    'GET',
    `/conversations?cursor=${Buffer.from(`+275760-09-13T00:00:00.000Z ${newId()}`).toString('base64url')}`,
    undefined,
  ],
  [
    'a cursor with a word for a time',
    'GET',
    `/conversations?cursor=${Buffer.from(`2 ${newId()}`).toString('base64url')}`,
    undefined,
  ],
  ['a stream cursor beyond all', 'GET', `/stream?cursor=99999999999999999999.${newId()}`, undefined],
  ['a page before a huge number', 'GET', '/conversations/{c}/messages?before=9007199254740991', undefined],
  ['a limit of zero', 'GET', '/conversations?limit=0', undefined],
  ['a limit of a billion', 'GET', '/conversations?limit=1e9', undefined],
  ['an assignee who is not here', 'PATCH', '/conversations/{c}', { assigneeId: newId() }],
  ['a body that is no object', 'POST', '/conversations/{c}/messages', []],
] as const)('%s is answered without a fault of ours', async ([, method, path, body]) => {
  const c = await conversation(`1650${digits(7)}`)
  const { body: one } = await world.api<{ contact: { id: string } }>('GET', `/conversations/${c}`)
  const fill = (s: string) => s.replace('{c}', c).replace('{a}', world.business.accountId).replace('{k}', one.contact.id)
  const given = body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body)))
  const { status } = await world.api(method, fill(path), given)
  expect(status).toBeLessThan(500)
})

test('a file whose long name is cut within a character can be fetched', () => {
  expect(() => encodeURIComponent(safeFileName(`${'😀'.repeat(101)}a`))).not.toThrow()
})

test('a file that cannot be stored to the end is told as failed', async () => {
  const [tenantId, mediaId] = [world.business.tenantId, newId()]
  await world.database.owner.query(
    `INSERT INTO media_objects (tenant_id, id, channel_account_id, origin, external_id) VALUES ($1, $2, $3, 'inbound', '1')`,
    [tenantId, mediaId, world.business.accountId],
  )
  const { app } = world
  const channels = new Map(
    [...app.channels].map(([name, channel]) => [
      name,
      { ...channel, download: async () => ({ outcome: 'stored' as const, content: Buffer.from('x') }) },
    ]),
  )
  const files = {
    ...app.files,
    put: () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })),
  }
  const job = fetchMedia({ db: app.db, secrets: app.secrets, channels, files, log: app.inbox.log })
  await job
    .handle({ tenantId, mediaId }, { id: '1', attempt: 9, lastAttempt: true, signal: AbortSignal.timeout(5000) })
    .catch(() => {})
  const { rows } = await world.database.owner.query('SELECT state FROM media_objects WHERE id = $1', [mediaId])
  expect(rows[0].state).toBe('failed')
})

test('a key file left empty by a full disk never becomes the key', async () => {
  const path = join(folder, 'secret.key')
  await writeFile(path, '')
  await expect(readOrMakeKeyFile(path)).rejects.toThrow(/empty/)
})

test('servers that start at once on one database all start', { timeout: 60_000 }, async () => {
  const outcomes: string[] = []
  for (let i = 0; i < 5; i++) {
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => prepareJobs(world.database.url, ['media.fetch'])))
    outcomes.push(...all.filter((one) => one.status === 'rejected').map((one) => (one as PromiseRejectedResult).reason.message))
  }
  expect(outcomes).toEqual([])
})

test('who was removed from a business hears nothing of it any more after a second', async () => {
  const gone = new AbortController()
  const response = await fetch(`${world.url}/api/stream`, {
    headers: { cookie: world.business.people.viewer.cookie },
    signal: gone.signal,
  })
  let heard = ''
  const reading = (async () => {
    for await (const chunk of response.body ?? []) heard += Buffer.from(chunk).toString('utf8')
  })().catch(() => {})
  await until('the stream says hello', () => heard.includes('event: hello'))
  await world.database.owner.query('DELETE FROM user_profiles WHERE user_id = $1', [world.business.people.viewer.userId])
  await new Promise((resolve) => setTimeout(resolve, 1100))
  world.customer('16505550199').says('a secret of the business')
  await world.settle()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  gone.abort()
  await reading
  expect(heard).not.toContain('a secret of the business')
})
