/** Readers of the live stream who come and go at the wrong instant. */
import { afterAll, beforeAll, test } from 'vitest'
import { appendEvent } from '../../src/conversations/feed.ts'
import { createLiveStream, type Watcher } from '../../src/inbox/stream.ts'
import type { Bus } from '../../src/platform/bus.ts'
import { type Database, inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { makeTenant } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { until } from '../world/until.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

test('a reader that comes while another one catches up and a third one leaves hears what happens', async () => {
  const tenantId = await makeTenant(db)
  let hint: (tenantId: string) => void = () => {}
  const bus: Pick<Bus, 'publish' | 'subscribe' | 'stop'> = {
    publish() {},
    subscribe(listener) {
      hint = listener
      return () => {}
    },
    stop: async () => {},
  }
  // Connections are given when the test says so.
  let gate: Promise<void> | undefined
  let held = false
  const gated: Database = {
    pool: new Proxy(db.pool, {
      get(target, name) {
        if (name !== 'connect') return Reflect.get(target, name)
        return async () => {
          // Only the first who comes while the gate is shut waits.
          if (gate && !held) {
            held = true
            await gate
          }
          return await target.connect()
        }
      },
    }),
  }
  const live = createLiveStream({ db: gated, bus, channels: new Map(), log: createLogger({ level: 'CRITICAL' }) })
  const heard = { first: 0, second: 0, third: 0 }
  let began = ''
  const watcher = (who: keyof typeof heard): Watcher => ({
    send(event, _data, cursor) {
      if (event === 'hello') began = cursor ?? began
      if (event === 'batch') heard[who] += 1
    },
  })
  const happens = async () => {
    await inTenant(db, tenantId, (tx) => appendEvent(tx, { type: 'contact.updated', actor: 'test', data: {} }))
    hint(tenantId)
  }
  const leave = await live.watch(tenantId, watcher('first'))
  const old = began
  await happens()
  await until('the first hears it', () => heard.first === 1)
  // The second has to catch up: it looks where it is (one connection), then reads (held back here).
  let open: () => void = () => {}
  const second = live.watch(tenantId, watcher('second'), old)
  gate = new Promise((resolve) => {
    open = resolve
  })
  await until('the second one is held back', () => held)
  leave()
  await live.watch(tenantId, watcher('third'))
  open()
  await second
  await happens()
  await until('the third hears it', () => heard.third === 1, { timeoutMs: 3000, seen: () => heard }).finally(() => live.stop())
})
