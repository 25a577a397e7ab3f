import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../kernel/ids.ts'
import { createFolderStore } from '../platform/blobs.ts'
import { createSecrets } from '../platform/secrets.ts'
import { fileLink, fileLinkRoute } from './file-links.ts'

const secrets = createSecrets(['a key for tests only, long enough to be'])
const now = new Date('2026-11-20T10:00:00Z')
let clock = now
let folder: string
let server: FastifyInstance
let link: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-links-'))
  const files = createFolderStore(folder)
  const tenantId = newId()
  const { sha256 } = await files.put(tenantId, Buffer.from('what the customer sent'))
  const file = { tenantId, sha256, mimeType: 'text/html', fileName: 'naïve "plan"\r\n.html' }
  link = fileLink(secrets, 'https://parley.example', file, now)
  server = fastify()
  await server.register(fileLinkRoute, { secrets, files, now: () => clock })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})
const fetchAt = (at: string) => server.inject({ url: at.replace('https://parley.example', '') })

test('a file can be fetched without credentials, as a download, for a short while', async () => {
  const answer = await fetchAt(link)
  expect([answer.statusCode, answer.body]).toEqual([200, 'what the customer sent'])
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringContaining('text/html'),
    'content-disposition': "attachment; filename*=UTF-8''na%C3%AFve%20%22plan%22%0D%0A.html",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-store',
  })
  clock = new Date(now.getTime() + 16 * 60_000)
  expect((await fetchAt(link)).statusCode).not.toBe(200)
  clock = now
})

test('the address says nothing, and a changed or made-up one opens nothing', async () => {
  expect(link).not.toMatch(/plan|html|[0-9a-f]{64}/)
  for (const other of [`${link.slice(0, -6)}AAAAAA`, '/files?key=v1.x.y.z', '/files?key=', '/files'])
    expect([other, (await fetchAt(other)).statusCode === 200]).toEqual([other, false])
})
