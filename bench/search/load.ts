/** What comes in while somebody searches: messages at a steady rate through intake, and the indexer behind them. */
import type { SignedWebhook } from '../../src/conversations/batch.ts'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { startSearchIndexer } from '../../src/conversations/search/indexer.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createBus } from '../../src/platform/bus.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import type { Logger } from '../../src/platform/log.ts'
import { rounded } from '../measure.ts'
import { textOf } from './seed.ts'

interface Given {
  url: string
  log: Logger
  perSecond: number
  /** Of the business they are written to. */
  number: string
}

const everyMs = 50

export async function load<T>({ url, log, perSecond, number }: Given, meanwhile: () => Promise<T>) {
  const pool = createPool({ connectionString: url, size: 6, log })
  const bus = createBus({ log })
  const indexer = startSearchIndexer({ db: { pool }, bus, log })
  const began = performance.now()
  let [sent, stored, on, lag] = [0, 0, true, 0]
  const sending = (async () => {
    while (on) {
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
      const batch = Array.from({ length: Math.min(due - sent, 500) }, (_, n) => webhook(number, sent + n))
      sent += batch.length
      if (batch.length > 0) {
        const intake = await receiveBatch({ db: { pool }, log }, batch)
        stored += intake.stored
        bus.publish(intake.tenants)
      }
      lag = Math.max(lag, indexer.lag().seconds)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  const answers = await meanwhile()
  on = false
  await sending
  const perSecondStored = rounded(stored / ((performance.now() - began) / 1000))
  const ended = performance.now()
  await indexer.idle()
  const caughtUp = rounded((performance.now() - ended) / 1000)
  await indexer.stop()
  await bus.stop()
  await pool.end()
  return { stored_per_second: perSecondStored, largest_lag_s: rounded(lag), caught_up_s: caughtUp, answers }
}

function webhook(number: string, n: number): SignedWebhook {
  const text = textOf(n)
  const phone = String(16_500_000_000 + (n % 20_000))
  return {
    id: newId(),
    provider: 'whatsapp-cloud',
    appSlug: '',
    rawBody: Buffer.from(JSON.stringify({ text })),
    headers: {},
    windowHours: 24,
    parsed: {
      label: 'messages',
      events: [
        {
          ...{ kind: 'message', direction: 'inbound', account: number, externalId: `wamid.${newId()}` },
          occurredAt: new Date().toISOString(),
          person: {
            identities: [{ kind: 'wa_id', value: phone, scope: '' }],
            name: `Customer ${n % 20_000}`,
            phone: `+${phone}`,
          },
          ...{ type: 'text', text, body: { text }, media: [], opensWindow: true, conversational: true, metadata: {} },
        } as SignedWebhook['parsed']['events'][number],
      ],
    },
  }
}
