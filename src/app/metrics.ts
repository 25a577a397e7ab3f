/** What a monitor asks for: GET /metrics in the text format of Prometheus, for whoever runs the server. */
import type { FastifyPluginAsync } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Ingress } from '../conversations/ingress.ts'
import type { SearchIndexer } from '../conversations/search/indexer.ts'
import type { DeadLetterKeeper } from '../dead-letters/keeper.ts'
import { reasons } from '../dead-letters/schema.ts'
import type { Broker } from '../platform/broker.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Spool } from '../platform/spool.ts'
import type { UpkeepKeeper } from '../upkeep/keeper.ts'
import { readState, type UpkeepState } from '../upkeep/state.ts'

export interface Measured {
  db: Database
  /** Connections that only intake uses. */
  intake: Database
  broker?: Pick<Broker, 'ready' | 'depths'>
  /** Absent where this process takes in nothing. */
  ingress?: Pick<Ingress, 'waiting' | 'perSecond' | 'totals'>
  /** Absent where this process leaves the index and upkeep to others. */
  search?: Pick<SearchIndexer, 'lag'>
  upkeep?: Pick<UpkeepKeeper, 'attention'>
  deadLetters: Pick<DeadLetterKeeper, 'open' | 'attention'>
  /** Absent where this process takes in nothing. */
  spool?: Pick<Spool, 'waiting' | 'totals'>
}

type Collect = (set: (value: number, labels?: Record<string, string>) => void) => unknown
type MakeGauge = (name: string, help: string, collect: Collect, labelNames?: string[]) => unknown
type MakeCounter = (name: string, help: string, read: () => number) => unknown

function measureIntake(ingress: NonNullable<Measured['ingress']>, gauge: MakeGauge, counter: MakeCounter): void {
  gauge('parley_intake_waiting_webhooks', 'Webhooks that came and wait to be stored.', (set) => set(ingress.waiting().webhooks))
  gauge('parley_intake_waiting_bytes', 'Bytes of webhooks that came and are not stored yet.', (set) =>
    set(ingress.waiting().bytes),
  )
  gauge('parley_intake_lag_seconds', 'How long the oldest webhook waits that is not stored yet.', (set) =>
    set(ingress.waiting().oldestMs / 1000),
  )
  gauge('parley_intake_events_per_second', 'Events stored in the last second.', (set) => set(ingress.perSecond()))
  const totals = ingress.totals
  counter('parley_intake_webhooks_total', 'Webhooks stored.', () => totals().webhooks)
  counter('parley_intake_events_total', 'Messages, receipts and other events stored, repeated ones too.', () => totals().events)
  counter('parley_intake_batches_total', 'Batches stored.', () => totals().batches)
  counter('parley_intake_refused_total', 'Webhooks answered 503: the provider has to send them again.', () => totals().refused)
  counter(
    'parley_intake_seconds_total',
    'Time from the arrival of webhooks to their commit, added up.',
    () => totals().waitedMs / 1000,
  )
}

function measureSpool(spool: NonNullable<Measured['spool']>, gauge: MakeGauge, counter: MakeCounter): void {
  gauge('parley_spool_webhooks', 'Webhooks that wait on the disk for the database.', (set) => set(spool.waiting().files))
  gauge('parley_spool_bytes', 'Bytes of webhooks that wait on the disk.', (set) => set(spool.waiting().bytes))
  gauge('parley_spool_lag_seconds', 'How long the oldest webhook waits on the disk.', (set) =>
    set(spool.waiting().oldestMs / 1000),
  )
  counter('parley_spool_taken_total', 'Webhooks kept on the disk because the database was away.', () => spool.totals().taken)
  counter(
    'parley_spool_refused_total',
    'Webhooks answered 503 because too much waited on the disk.',
    () => spool.totals().refused,
  )
  counter(
    'parley_spool_set_aside_total',
    'Webhooks from the disk that could not be taken in; they are in its folder `failed`.',
    () => spool.totals().setAside,
  )
}

/** Names follow Prometheus' conventions: base units (seconds, bytes), `_total` for what only grows. */
export function createMetrics(parts: Measured): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (
    name: string,
    help: string,
    collect: (set: (value: number, labels?: Record<string, string>) => void) => unknown,
    labelNames: string[] = [],
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset()
        // What the database does not tell now is left out: the rest is wanted then most of all.
        try {
          await collect((value, labels = {}) => this.set(labels, value))
        } catch {}
      },
    })
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })

  if (parts.ingress) measureIntake(parts.ingress, gauge, counter)
  if (parts.spool) measureSpool(parts.spool, gauge, counter)
  const { broker } = parts
  if (broker) {
    gauge('parley_broker_ready', '1 while RabbitMQ is connected and takes messages.', (set) => set(broker.ready() ? 1 : 0))
    gauge(
      'parley_broker_queue_messages',
      'Messages that wait in a queue of RabbitMQ.',
      async (set) => {
        for (const [queue, messages] of await broker.depths()) set(messages, { queue })
      },
      ['queue'],
    )
  }
  gauge(
    'parley_queue_lag_seconds',
    'How long the oldest work of a kind has been ready that nobody has taken: send (messages to providers), turn (who answers), bridge (lines for a contact centre).',
    async (set) => {
      const { rows } = await parts.db.pool.query<{ kind: string; seconds: number }>(
        'SELECT kind, seconds FROM parley.queue_lag()',
      )
      for (const { kind, seconds } of rows) set(seconds, { kind })
    },
    ['kind'],
  )
  const { search, upkeep } = parts
  if (search) {
    gauge('parley_search_lag_seconds', 'How long the oldest news waits for the search index.', (set) =>
      set(search.lag().seconds),
    )
    gauge('parley_search_filling_businesses', 'Businesses whose older messages are still being indexed.', (set) =>
      set(search.lag().filling),
    )
  }
  if (upkeep)
    gauge('parley_upkeep_attention', 'Things about the store of messages that somebody has to look at.', (set) =>
      set(upkeep.attention()?.length ?? 0),
    )
  gauge(
    'parley_dead_letters_open',
    'Dead letters that nobody has dealt with, by reason; of all businesses together.',
    (set) => {
      const open = parts.deadLetters.open()
      if (open) for (const reason of reasons) set(open.get(reason) ?? 0, { reason })
    },
    ['reason'],
  )
  gauge('parley_dead_letters_alarm', '1 where a hundred or more dead letters are open.', (set) =>
    set(parts.deadLetters.attention().length),
  )
  // Both are collected at once: one look tells both.
  let looking: ReturnType<typeof readState> | undefined
  const tables = async (): Promise<UpkeepState['tables']> => {
    looking ??= readState(parts.db).finally(() => {
      looking = undefined
    })
    return (await looking).tables
  }
  gauge(
    'parley_partition_months_ahead',
    'Months after this one for which a table has a partition ready; -1: not even for this one.',
    async (set) => {
      for (const { parent, months_ahead } of await tables()) set(months_ahead, { table: parent })
    },
    ['table'],
  )
  gauge(
    'parley_partition_default_rows',
    'Rows that wait in the DEFAULT partition, at most 1000.',
    async (set) => {
      for (const { parent, rows_in_default } of await tables()) set(rows_in_default, { table: parent })
    },
    ['table'],
  )
  for (const [pool, { pool: connections }] of Object.entries({ main: parts.db, intake: parts.intake })) {
    gauge(`parley_database_${pool}_connections`, `Open connections (${pool}).`, (set) => set(connections.totalCount))
    gauge(`parley_database_${pool}_waiting`, `Requests that wait for a connection (${pool}).`, (set) =>
      set(connections.waitingCount),
    )
  }
  return registry
}

export const metricsRoute: FastifyPluginAsync<Measured> = async (server, parts) => {
  const metrics = createMetrics(parts)
  server.get(
    '/metrics',
    {
      config: { access: 'operator', platform: 'metrics.read' },
      schema: { tags: ['Platform'], summary: 'Metrics in the text format of Prometheus' },
    },
    async (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .type(metrics.contentType)
        .send(await metrics.metrics()),
  )
}
