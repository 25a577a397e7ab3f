import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, webhook } from '../../test/world/arrange.ts'
import { type BridgeWorld, bridgeWorld, type CentreAccount, makeCentre } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { handOver } from '../conversations/hand-over.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Worker } from '../platform/worker.ts'
import { startBridge } from './bridge.ts'
import { startCentreTasks } from './tasks.ts'

let db: TestDatabase
let world: BridgeWorld
let account: CentreAccount
let customer: string
const workers: Worker[] = []

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop()
})

const run = (worker: Worker): Worker => {
  workers.push(worker)
  return worker
}
const writes = (text: string) => receiveBatch({ db, log: world.deps.log }, [webhook(inboundText(account, customer, text))])
const give = (to: 'agent' | 'human') =>
  inTenant(db, account.tenantId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>('SELECT id FROM conversations WHERE tenant_id = $1', [tx.tenantId])
    return await handOver(tx, { conversationId: rows[0]?.id ?? '', to, reason: 'asked', actor: 'user:1' })
  })
const left = async () =>
  (await db.owner.query('SELECT kind FROM contact_centre_tasks WHERE tenant_id = $1', [account.tenantId])).rows

/** A conversation that the contact centre has, taken over by people; its end over there is still to be told. */
async function takenOver(): Promise<{ bridge: Worker; conversation: string | undefined }> {
  world = bridgeWorld(db)
  account = await makeCentre(db)
  customer = `1650${digits(7)}`
  await writes('one')
  const bridge = run(startBridge(world.deps, { pollMs: 20 }))
  await bridge.idle()
  await give('human')
  expect(await left()).toEqual([{ kind: 'disconnect' }])
  return { bridge, conversation: world.centre.open.get(customer) }
}

test('what people took over is ended over there', async () => {
  const { conversation } = await takenOver()
  await run(startCentreTasks(world.deps, { pollMs: 20 })).idle()
  expect(world.centre.disconnected).toEqual([conversation])
  expect(await left()).toEqual([])
})

test('what was given back before it was ended goes on: the customer’s lines are not left in an ended conversation', async () => {
  const { bridge, conversation } = await takenOver()
  await writes('two')
  await give('agent')
  bridge.wake()
  await bridge.idle()
  expect(world.centre.taken.map(({ text }) => text)).toEqual(['one', 'two'])
  await run(startCentreTasks(world.deps, { pollMs: 20 })).idle()
  expect(world.centre.disconnected).toEqual([])
  expect(world.centre.open.get(customer)).toBe(conversation)
  expect(await left()).toEqual([])
})

test('nor is it ended while the first line after that is on its way', async () => {
  const { bridge, conversation } = await takenOver()
  await writes('two')
  let answer = () => {}
  const asked = new Promise<void>((begun) => {
    world.centre.script.push(async (line) => {
      begun()
      await new Promise<void>((done) => {
        answer = done
      })
      return world.centre.take(line)
    })
  })
  await give('agent')
  bridge.wake()
  await asked
  const tasks = run(startCentreTasks(world.deps, { pollMs: 20 }))
  await tasks.idle()
  expect(world.centre.disconnected).toEqual([])
  answer()
  await bridge.idle()
  await db.owner.query('UPDATE contact_centre_tasks SET next_at = now() WHERE tenant_id = $1', [account.tenantId])
  tasks.wake()
  await tasks.idle()
  expect([world.centre.disconnected, world.centre.open.get(customer), await left()]).toEqual([[], conversation, []])
})
