/**
 * Publishes what happened to the integration exchange, from the event log with a durable place in it: at least once, with the
 * same message id each time, in the order of the log and so in order for each conversation. One process publishes for a
 * business at a time; where two should do it after all, the later one changes nothing but what is told twice.
 */
import { type FeedEvent, parseCursor, readFeed } from '../conversations/feed.ts'
import { type Broker, BrokerAway } from '../platform/broker.ts'
import type { Bus } from '../platform/bus.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { EnrichedInboundMessage, EnrichedOutboundMessage, StatusUpdate } from '../ports/state-manager.ts'
import { joinSession } from './handlers.ts'
import { newsExchange, type PublishedName, tenantHeader } from './names.ts'

export interface PublishDeps {
  db: Database
  log: Logger
  broker: Broker
  bus: Pick<Bus, 'subscribe'>
}

export interface Publisher {
  /** Publishes all that is known now. */
  look(): Promise<void>
  stop(): Promise<void>
}

const lookMs = 1000
const eventsAtOnce = 200
const businessesAtOnce = 20
/** A holder that ended without a word is replaced after it. */
const leaseMs = 30_000

export interface News {
  id: string
  name: PublishedName
  payload: EnrichedInboundMessage | EnrichedOutboundMessage | StateChange
}
export type StateChange = StatusUpdate & {
  mapping_id: string | null
  conversation_id: string | null
  direction: 'INBOUND' | 'OUTBOUND'
}

interface Claim {
  tenant_id: string
  token: number
  txid: string
  event_id: string
}

export function startPublisher(deps: PublishDeps): Publisher {
  let stopped = false
  let looking: Promise<void> | undefined
  let again = false

  async function once(): Promise<void> {
    if (!deps.broker.ready()) return
    try {
      const { rows } = await deps.db.pool.query<Claim>('SELECT * FROM parley.claim_queue_progress($1, $2)', [
        ...[businessesAtOnce, leaseMs],
      ])
      for (const claim of rows) await publishFor(deps, claim, () => stopped)
    } catch (error) {
      const away = error instanceof BrokerAway
      deps.log.warn(away ? 'What happened is published when RabbitMQ is back' : 'What happened could not be published yet', {
        operation: 'queues',
        error: (error as Error).message,
      })
    }
  }
  function look(): Promise<void> {
    if (looking) {
      again = true
      return looking
    }
    looking = (async () => {
      do {
        again = false
        await once()
      } while (again && !stopped)
    })().finally(() => {
      looking = undefined
    })
    return looking
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()
  const deaf = deps.bus.subscribe(() => void look())
  return {
    look,
    async stop() {
      stopped = true
      deaf()
      clearInterval(timer)
      await looking
    },
  }
}

/** Until nothing is new; the place moves with every batch that is confirmed as a whole. */
async function publishFor(deps: PublishDeps, claim: Claim, stopped: () => boolean): Promise<void> {
  let cursor = `${claim.txid}.${claim.event_id}`
  try {
    while (!stopped()) {
      const at = cursor
      const { events, news } = await inTenant(deps.db, claim.tenant_id, async (tx) => {
        const events = await readFeed(tx, at, eventsAtOnce)
        return { events, news: await newsOf(tx, events) }
      })
      const last = events.at(-1)
      if (!last) return
      // In the order given on one channel; the confirms may come together.
      await Promise.all(news.map((one) => publishOne(deps.broker, claim.tenant_id, one)))
      if (!(await moveTo(deps.db, claim, last.cursor))) return
      cursor = last.cursor
    }
  } finally {
    await inTenant(deps.db, claim.tenant_id, (tx) =>
      tx.query(`UPDATE queue_progress SET lease_until = '-infinity' WHERE tenant_id = $1 AND token = $2`, [
        tx.tenantId,
        claim.token,
      ]),
    ).catch(() => {}) // it ends by itself
  }
}

const publishOne = (broker: Broker, tenantId: string, { id, name, payload }: News): Promise<void> =>
  broker.publish(
    { exchange: newsExchange, key: name },
    {
      id,
      type: name,
      headers: { [tenantHeader]: tenantId },
      body: Buffer.from(JSON.stringify(payload)),
      contentType: 'application/json',
    },
  )

async function moveTo(db: Database, claim: Claim, cursor: string): Promise<boolean> {
  const { txid, id } = parseCursor(cursor)
  return await inTenant(db, claim.tenant_id, async (tx) => {
    const { rowCount } = await tx.query(
      `UPDATE queue_progress SET txid = $3::xid8, event_id = $4, lease_until = clock_timestamp() + make_interval(secs => $5 / 1000.0)
        WHERE tenant_id = $1 AND token = $2`,
      [tx.tenantId, claim.token, txid, id, leaseMs],
    )
    return rowCount === 1
  })
}

interface Facts {
  id: string
  wamid: string | null
  genesys_message_id: string | null
  direction: 'INBOUND' | 'OUTBOUND'
  mapping_id: string | null
  wa_id: string | null
  centre_conversation: string | null
  is_new: boolean
  content: string | null
  media_url: string | null
  name: string | null
  external_id: string
  address: string | null
  occurred_at: Date
  type: string
}

const told = new Set(['message.received', 'message.queued', 'message.status'])
/** Changes to a message rather than messages. */
const noLine = new Set(['reaction', 'edit', 'revoke', 'system'])

/** Exported for tests: what a stretch of the log becomes. */
export async function newsOf(tx: Tx, events: readonly FeedEvent[]): Promise<News[]> {
  const wanted = events.filter((event) => told.has(event.type) && event.messageId)
  if (wanted.length === 0) return []
  const received = wanted.filter(({ type }) => type === 'message.received').map(({ messageId }) => messageId as string)
  await joinSessions(tx, received)
  const facts = await factsOf(tx, [...new Set(wanted.map(({ messageId }) => messageId as string))])
  return wanted.flatMap((event) => {
    const about = facts.get(event.messageId as string)
    return about ? (newsFrom(event, about) ?? []) : []
  })
}

function newsFrom(event: FeedEvent, about: Facts): News | undefined {
  if (event.type === 'message.received') {
    if (about.wamid === null || about.mapping_id === null || noLine.has(about.type)) return undefined
    return { id: about.id, name: 'enriched-inbound-message.v1', payload: inboundOf(about, about.wamid, about.mapping_id) }
  }
  if (event.type === 'message.queued') {
    if (about.genesys_message_id === null || about.mapping_id === null || about.centre_conversation === null) return undefined
    const payload: EnrichedOutboundMessage = {
      conversation_id: about.centre_conversation,
      genesys_message_id: about.genesys_message_id,
      ...(about.content ? { message_text: about.content } : {}),
      ...(about.media_url ? { media_url: about.media_url } : {}),
      wa_id: about.wa_id ?? '',
      mapping_id: about.mapping_id,
    }
    return { id: about.id, name: 'enriched-outbound-message.v1', payload }
  }
  const status = event.data.status as StatusUpdate['status'] | undefined
  if (!status || about.wamid === null) return undefined
  return {
    id: event.cursor.split('.')[1] as string,
    name: 'state-change.v1',
    payload: {
      ...{ wamid: about.wamid, status, timestamp: event.at.toISOString(), direction: about.direction },
      ...{ mapping_id: about.mapping_id, conversation_id: about.centre_conversation },
    },
  }
}

const inboundOf = (about: Facts, wamid: string, mappingId: string): EnrichedInboundMessage => ({
  wa_id: about.wa_id ?? '',
  wamid,
  ...(about.content ? { message_text: about.content } : {}),
  ...(about.name ? { contact_name: about.name } : {}),
  timestamp: about.occurred_at.toISOString(),
  ...(about.media_url ? { media_url: about.media_url } : {}),
  phone_number_id: about.external_id,
  ...(about.address ? { display_phone_number: about.address } : {}),
  mapping_id: mappingId,
  conversation_id: about.centre_conversation,
  is_new_conversation: about.is_new,
})

async function joinSessions(tx: Tx, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return
  const { rows } = await tx.query<{ wamid: string }>(
    `SELECT wamid FROM message_tracking WHERE tenant_id = $1 AND id = ANY ($2) AND mapping_id IS NULL AND wamid IS NOT NULL ORDER BY id`,
    [tx.tenantId, messageIds],
  )
  for (const { wamid } of rows) await joinSession(tx, wamid)
}

async function factsOf(tx: Tx, messageIds: readonly string[]): Promise<Map<string, Facts>> {
  const { rows } = await tx.query<Facts>(
    `SELECT t.id, t.wamid, t.genesys_message_id, t.direction, t.mapping_id, p.wa_id, p.conversation_id AS centre_conversation,
            NOT EXISTS (SELECT FROM message_tracking o WHERE o.tenant_id = t.tenant_id AND o.mapping_id = t.mapping_id AND o.id < t.id) AS is_new,
            m.content, coalesce(t.media_url, m.metadata ->> 'media_url') AS media_url, k.name, a.external_id, a.address, m.occurred_at, m.type
       FROM message_tracking t
       JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id AND m.created_at = t.created_at
       JOIN channel_accounts a ON a.tenant_id = t.tenant_id AND a.id = t.channel_account_id
       JOIN contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id
       LEFT JOIN conversation_mappings p ON p.tenant_id = t.tenant_id AND p.id = t.mapping_id
      WHERE t.tenant_id = $1 AND t.id = ANY ($2)`,
    [tx.tenantId, messageIds],
  )
  return new Map(rows.map((row) => [row.id, row]))
}
