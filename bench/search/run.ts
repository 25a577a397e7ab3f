/** Searching a store of millions of messages: how long the index takes to make, and how long answers take. */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { fillSearch } from '../../src/conversations/search/fill.ts'
import { findMessages, type MessageQuery } from '../../src/conversations/search/find.ts'
import { peopleQuery, searchPeople } from '../../src/conversations/search/people.ts'
import { phrasesOf } from '../../src/kernel/search-phrases.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { type Database, inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { quantile, rounded } from '../measure.ts'
import type { Options } from '../rounds.ts'
import { load } from './load.ts'
import { inScript, type Seeded, seed, vocabulary, wordOf } from './seed.ts'

const log = createLogger({ level: 'ERROR' })
const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** `messages`: how many; from the environment, as a store of ten million takes an hour to make. */
const messages = Number(process.env.BENCH_SEARCH_MESSAGES ?? 500_000)
/** A folder to keep the store in, and to find it again. */
const kept = process.env.BENCH_SEARCH_FOLDER

export async function search(options: Options): Promise<void> {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'parley-bench-')))
  const database = await startEmbedded({ dataDir: folder, log })
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  const pool = createPool({ connectionString: database.ownerUrl, size: 4, log })
  try {
    await migrate(database.ownerUrl)
    await owner.connect()
    const seeded = (await findSeeded(owner)) ?? (await seed(owner, messages, say))
    const filled = await fill({ pool }, seeded)
    const sizes = await owner.query<{ heap: number; gin: number; rows: number }>(
      `SELECT pg_table_size('message_search_default') AS heap, pg_relation_size(i.indexrelid) AS gin, c.reltuples::bigint AS rows
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = 'message_search_default'::regclass AND x.relname LIKE '%tokens%'`,
    )
    const asked = async () => {
      const answers: Record<string, unknown> = {}
      for (const [name, ask] of Object.entries(questions({ pool }, seeded)))
        answers[name] = await measure(ask, options.rounds * 10)
      return answers
    }
    const quiet = await asked()
    const loaded = await load({ url: database.ownerUrl, log, perSecond: 1000, number: seeded.number }, asked)
    const report = {
      ...{ bench: 'search', messages, filled, sizes: sizes.rows[0], quiet, loaded },
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await pool.end()
    await owner.end()
    await database.stop()
    if (!kept) await rm(folder, { recursive: true, force: true })
  }
}

async function findSeeded(owner: pg.Client): Promise<Seeded | null> {
  const { rows } = await owner.query<{ id: string }>(`SELECT id FROM tenants WHERE name = 'Bench' LIMIT 1`)
  const tenantId = rows[0]?.id
  if (!tenantId) return null
  const account = await owner.query<{ number: string }>(
    'SELECT external_id AS number FROM channel_accounts WHERE tenant_id = $1',
    [tenantId],
  )
  const people = await owner.query<{ id: string }>('SELECT id FROM conversations WHERE tenant_id = $1 ORDER BY id LIMIT 5', [
    tenantId,
  ])
  return { tenantId, number: account.rows[0]?.number ?? '', conversationIds: people.rows.map(({ id }) => id) }
}

async function fill(db: Database, { tenantId }: Seeded): Promise<{ seconds: number; perSecond: number; failed: number }> {
  const began = performance.now()
  let [count, failed] = [0, 0]
  for (let round = 0; ; round++) {
    // As the indexer does: what fails, for example in a stall of the disk, is rolled back and done again. It is counted.
    const filled = await fillSearch(db, tenantId).catch((error: Error) => {
      say(`a batch failed: ${error.message}`)
      failed += 1
      if (failed > 10) throw error
      return { more: true, count: 0 }
    })
    count += filled.count
    if (round % 200 === 0) say(`${count} indexed, ${rounded(count / ((performance.now() - began) / 1000))}/s`)
    if (!filled.more) break
  }
  const seconds = (performance.now() - began) / 1000
  return { seconds: rounded(seconds), perSecond: rounded(count / seconds), failed }
}

type Ask = () => Promise<{ results: number; done: boolean }>

function questions(db: Database, { tenantId, conversationIds }: Seeded): Record<string, Ask> {
  const message =
    (q: string, extra: Partial<MessageQuery> = {}): Ask =>
    async () => {
      const page = await inTenant(db, tenantId, (tx) => findMessages(tx, { phrases: phrasesOf(q), limit: 20, ...extra }))
      return { results: page.found.length, done: page.next === null || page.found.length === 20 }
    }
  const person =
    (q: string): Ask =>
    async () => {
      const query = peopleQuery(tenantId, q)
      return { results: query ? (await inTenant(db, tenantId, (tx) => searchPeople(tx, query, 50))).length : 0, done: true }
    }
  const { arabic, cyrillic, han } = inScript
  const rareWord = wordOf(vocabulary - 1000)
  return {
    rare: message(rareWord),
    absent: message('qqqqqq'),
    frequent: message(wordOf(0)),
    one_letter: message('k'),
    medium: message(wordOf(3000)),
    two_frequent: message(`${wordOf(1)} ${wordOf(2)}`),
    two_seldom_together: message(`${wordOf(700)} ${wordOf(900)}`),
    frequent_and_rare: message(`${wordOf(0)} ${rareWord}`),
    letter_and_rare: message(`k ${rareWord}`),
    phrase: message(`"${wordOf(40)} ${wordOf(60)}"`),
    cyrillic: message(cyrillic(wordOf(2000))),
    arabic: message(arabic(wordOf(2000))),
    han_two: message(han(wordOf(100)).slice(0, 2)),
    han_word: message(han(wordOf(3000))),
    of_a_person: message(wordOf(5), { conversationIds: conversationIds.slice(0, 1) }),
    contact_two_letters: person('ka'),
    contact_part: person(wordOf(4000)),
    contact_number: person('70 000 07'),
    contact_absent: person('qqqqq'),
  }
}

async function measure(ask: Ask, times: number) {
  const first = performance.now()
  const { results, done } = await ask()
  const cold = performance.now() - first
  const taken: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await ask()
    taken.push(performance.now() - began)
  }
  taken.sort((a, b) => a - b)
  return { p50: rounded(quantile(taken, 0.5)), p95: rounded(quantile(taken, 0.95)), first: rounded(cold), results, done }
}
