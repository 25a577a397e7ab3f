/**
 * A business whose customers are answered by agents in a contact centre, under whatever is done to the server meanwhile: every
 * line has to reach the agents once and in order, and every answer that was acknowledged has to reach the customer once.
 */
import type pg from 'pg'
import { startGenesysSimulator } from '../../simulators/genesys/server.ts'
import type { AcceptedSend } from '../../simulators/whatsapp-cloud/index.ts'
import type { startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { newId } from '../../src/kernel/ids.ts'
import { type Database, inTenant } from '../../src/platform/db/tx.ts'
import type { Secrets } from '../../src/platform/secrets.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { createBusiness } from './business.ts'
import { type LoadPlan, phonesOf, progress, type Scene, sendAll } from './crash-load.ts'
import { checkHistory, createHistory, type Report } from './history.ts'
import { seeded } from './seeded.ts'
import { until } from './until.ts'

export interface DownstreamPlan {
  plan: LoadPlan
  db: Database
  owner: pg.Pool
  secrets: Secrets
  /** Where the server is reached. */
  url: string
  whatsapp: Awaited<ReturnType<typeof startWhatsAppSimulator>>
}

export interface DownstreamReport {
  /** Of the lines, as stored. */
  stored: Report
  /** Lines that agents got. */
  heard: number
  /** Answers of agents that the server acknowledged, and how many of them customers got. */
  answered: number
  delivered: number
  broken: Record<string, number>
}

export interface Downstream {
  send(): Promise<void>
  settled(timeoutMs: number): Promise<void>
  check(accepted: readonly AcceptedSend[]): Promise<DownstreamReport>
  close(): Promise<void>
}

const client = { id: 'downstream-client', secret: 'downstream-client-secret' }

export async function startDownstream(given: DownstreamPlan): Promise<Downstream> {
  const { plan, db, owner, secrets, url, whatsapp } = given
  const [slug, integrationId, webhookSecret] = [newId(), newId(), `signs ${newId()}`]
  const genesys = await startGenesysSimulator({
    seed: plan.seed,
    callsPerMinute: 1_000_000,
    clients: [client],
    integrations: [{ id: integrationId, name: 'Chaos', webhookUrl: `${url}/webhooks/genesys/${slug}`, secret: webhookSecret }],
    scripts: [{ on: 'message', steps: [{ do: 'say', text: 'heard {text}' }] }],
    latency: { webhook: [1, 5] },
  })
  const app = { db, secrets, localUrl: () => url }
  const business = await createBusiness(app, whatsapp.simulator, { name: 'Answered elsewhere', graphUrl: whatsapp.graphUrl })
  const { tenantId } = business
  await owner.query(`UPDATE channel_accounts SET answerer = 'genesys' WHERE tenant_id = $1`, [tenantId])
  await inTenant(db, tenantId, async (tx) => {
    await tx.query(`INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, 'genesys', $2)`, [tenantId, slug])
    const values = { clientId: client.id, clientSecret: client.secret, integrationId, webhookSecret }
    await storeCredentials(tx, secrets, {
      ...{ type: 'genesys', subject: '' },
      values: { ...values, apiUrl: genesys.apiUrl, loginUrl: genesys.loginUrl },
    })
  })
  const history = createHistory()
  const scene: Scene = {
    ...{ plan, history, business, url, random: seeded(plan.seed + 7), webhookUrl: business.webhookUrl, done: false },
    acked: () => [...history.messages.values()].filter((message) => message.ackedAt !== undefined).length,
  }
  for (const phone of phonesOf(plan)) {
    if (!whatsapp.simulator.world.customers.has(phone)) whatsapp.simulator.addCustomer({ phone })
    whatsapp.simulator.thread(business.phoneNumberId, phone).lastCustomerMessageAt = Date.now()
  }
  const { simulator } = genesys

  const stored = async () =>
    (
      await owner.query<{ phone: string; text: string }>(
        `SELECT ltrim(k.phone, '+') AS phone, m.content AS text FROM messages m
           JOIN contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id
          WHERE m.tenant_id = $1 AND m.direction = 'inbound' ORDER BY m.conversation_id, m.seq`,
        [tenantId],
      )
    ).rows
  const left = async () =>
    (
      await owner.query<{ n: number }>(
        `SELECT ((SELECT count(*) FROM conversation_lanes WHERE tenant_id = $1 AND ready_at IS NOT NULL)
               + (SELECT count(*) FROM contact_centre_tasks WHERE tenant_id = $1)
               + (SELECT count(*) FROM message_tracking WHERE tenant_id = $1 AND status = 'queued'))::int AS n`,
        [tenantId],
      )
    ).rows[0]?.n
  /** Webhooks of agents' answers that are neither acknowledged nor given up. */
  const pending = () =>
    simulator.deliveries.filter((one) => one.acknowledgedAt === undefined && one.gaveUpAt === undefined).length

  return {
    send: () =>
      sendAll(scene).finally(() => {
        scene.done = true
      }),
    settled: (timeoutMs) =>
      until(
        'the agents have all lines and the customers all answers',
        async () => progress(scene) >= 1 && pending() === 0 && (await left()) === 0,
        { timeoutMs, seen: async () => ({ pending: pending(), left: await left() }) },
      ).then(() => {}),
    async check(accepted) {
      const lines = Map.groupBy(await stored(), ({ phone }) => phone)
      const broken: Record<string, number> = {}
      const count = (rule: string, n: number) => {
        if (n > 0) broken[rule] = (broken[rule] ?? 0) + n
      }
      let heard = 0
      for (const [phone, said] of lines) {
        const conversations = [...simulator.world.conversations.values()].filter((one) => one.customer.id === phone)
        const got = conversations.flatMap(({ id }) => simulator.heard(id).map(({ text }) => text))
        heard += got.length
        count('lines that agents never got', said.filter(({ text }) => !got.includes(text)).length)
        count('lines that agents got twice', got.length - new Set(got).size)
        count(
          'customers whose lines agents got in another order',
          got.join('\n') === said.map(({ text }) => text).join('\n') ? 0 : 1,
        )
      }
      const sent = accepted.filter(({ phoneNumberId }) => phoneNumberId === business.phoneNumberId)
      const copies = new Map<string, number>()
      for (const { body } of sent) {
        const text = (body as { text?: { body?: string } }).text?.body ?? ''
        copies.set(text, (copies.get(text) ?? 0) + 1)
      }
      const { rows: undecided } = await owner.query<{ text: string }>(
        `SELECT m.content AS text FROM message_tracking t JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id
          WHERE t.tenant_id = $1 AND t.direction = 'OUTBOUND' AND (t.send_outcome = 'unknown' OR t.status = 'failed')`,
        [tenantId],
      )
      const open = new Set(undecided.map(({ text }) => text))
      const answers = simulator.deliveries
        .filter((one) => one.acknowledgedAt !== undefined && one.kind === 'Text')
        .map((one) => (JSON.parse(one.body) as { text?: string }).text ?? '')
      count('answers that customers never got', answers.filter((text) => !copies.has(text) && !open.has(text)).length)
      count('answers that customers got twice', [...copies.values()].filter((n) => n > 1).length)
      return {
        stored: await checkHistory(history, { owner, tenantId, accepted: [] }),
        ...{ heard, answered: answers.length, delivered: copies.size, broken },
      }
    },
    close: () => genesys.close(),
  }
}
