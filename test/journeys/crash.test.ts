import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CrashPlan, runCrash } from '../world/crash-run.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { isSound } from '../world/history.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database?.drop())

const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 1_000_000)
const run = async (plan: Partial<CrashPlan>) => {
  const report = await runCrash({
    ...{ seed, databaseUrl: database.url, messages: 300, customers: 20, replies: 10, kills: 1 },
    ...plan,
  })
  console.log(JSON.stringify(report))
  return report
}

test('a server killed seven times in the middle of everything loses nothing, doubles nothing and mixes nothing up', async () => {
  const report = await run({ messages: 3000, customers: 200, replies: 150, kills: 6, perSecond: 300 })
  expect(report).toMatchObject({
    attempted: 3000,
    acked: 3000,
    lost: 0,
    duplicated: 0,
    unexpected: 0,
    out_of_order: 0,
    broken: {},
  })
  expect(report).toMatchObject({ kills: 7, replies: 150 })
  expect(isSound(report)).toBe(true)
})

describe('the proof that this can fail', () => {
  test('without the once-only key, messages delivered again are found double', async () => {
    const report = await run({
      async prepare(owner) {
        await owner.query('DROP INDEX parley.idx_wamid')
        for (const name of ['receive_messages', 'receive_lines']) {
          const { rows } = await owner.query<{ source: string }>(
            `SELECT pg_get_functiondef(('parley.' || $1)::regproc) AS source`,
            [name],
          )
          const source = rows[0]?.source ?? ''
          const blind = source.replace(
            /(u\.again OR )?\(SELECT t\.id FROM message_tracking[\s\S]*?IS NOT NULL AS dup/,
            'false AS dup',
          )
          expect(blind).not.toBe(source)
          await owner.query(blind)
        }
      },
    })
    expect(report.duplicated).toBeGreaterThan(0)
    expect(isSound(report)).toBe(false)
  })

  test('with an acknowledgement before the commit, messages are found lost', async () => {
    const report = await run({ front: eagerFront, kills: 2, replies: 0 })
    expect(report.lost).toBeGreaterThan(0)
    expect(isSound(report)).toBe(false)
  })
})

/** Answers 200 at once and passes the body on when it has time: what a server must not do. */
async function eagerFront(webhookUrl: string) {
  const underWay = new Set<Promise<unknown>>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    response.writeHead(200).end()
    const headers = {
      'content-type': 'application/json',
      'x-hub-signature-256': String(request.headers['x-hub-signature-256']),
    }
    const passed = fetch(webhookUrl, { method: 'POST', headers, body: new Uint8Array(Buffer.concat(chunks)) }).catch(() => {})
    underWay.add(passed)
    void passed.finally(() => underWay.delete(passed))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      await Promise.all(underWay)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
