/** The months of the partitioned tables: made ahead, made late, while everything goes on. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inboundText, makeAccount, type TestAccount, webhook } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { silent } from '../../../test/world/people.ts'
import { until } from '../../../test/world/until.ts'
import { receiveBatch } from '../../conversations/receive.ts'
import { newId } from '../../kernel/ids.ts'
import { maintainPartitions, partitionedTables } from './partitions.ts'

let db: TestDatabase
let account: TestAccount
let conversationId: string
beforeEach(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  await receiveBatch({ db, log: silent }, [webhook(inboundText(account, '16505550101', 'one'))])
  conversationId = (await db.owner.query('SELECT id FROM conversations')).rows[0].id
})
afterEach(() => db.drop())

const at = (text: string) => new Date(text)
const months = async (parent = 'messages') =>
  (await db.owner.query<{ name: string }>('SELECT name FROM month_partitions($1)', [parent])).rows.map((row) => row.name)
const count = async (sql: string) => (await db.owner.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`)).rows[0]?.n
const maintain = async (now: Date, parent = 'messages') => maintainPartitions(db.owner, parent, { now })

/** Lines as they would have come in at that time, evenly between two times. */
async function fill(n: number, from: string, to: string): Promise<void> {
  await db.owner.query(
    `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
     SELECT c.tenant_id, gen_random_uuid(), c.id, c.contact_id, 1000 + i, 'inbound', 'customer', 'text', 'line ' || i || repeat(' and more', 20), t, t
       FROM conversations c, generate_series(1, $2::int) AS i, LATERAL (SELECT $3::timestamptz + ($4::timestamptz - $3::timestamptz) * (i::float8 / ($2 + 1)) AS t) x
      WHERE c.id = $1`,
    [conversationId, n, from, to],
  )
}

/** Everything about a table's rows that must not change when partitions do. */
const digest = async (table: string, where = 'true') =>
  (
    await db.owner.query(
      `SELECT count(*)::int AS n, coalesce(sum(hashtextextended(x::text, 0)), 0)::text AS sum FROM ${table} x WHERE ${where}`,
    )
  ).rows[0]

describe('months are made ahead', () => {
  test('with the clock at 2025-11-09: 2025_11 to 2026_05, again nothing, for every table that has a rule', async () => {
    expect(await partitionedTables(db.owner)).toEqual(['message_search', 'messages', 'webhook_events'])
    for (const parent of await partitionedTables(db.owner)) {
      await db.owner.query(`TRUNCATE ${parent}`)
      const wanted = ['2025_11', '2025_12', '2026_01', '2026_02', '2026_03', '2026_04', '2026_05'].map((m) => `${parent}_${m}`)
      expect((await maintain(at('2025-11-09T12:00:00Z'), parent)).made).toEqual(wanted)
      expect(await maintain(at('2025-11-30T23:59:59Z'), parent)).toEqual({ parent, made: [], moved: 0 })
      expect(await months(parent)).toEqual(wanted)
    }
  })
  test('with any other clock this month and six ahead, months in UTC whatever the session thinks', async () => {
    await db.owner.query('TRUNCATE messages')
    const client = await db.owner.connect()
    await client.query(`SET timezone = 'Pacific/Kiritimati'`)
    await maintainPartitions(client, 'messages', { now: at('2031-12-31T23:00:00Z') })
    client.release()
    expect(await months()).toEqual(
      ['2031_12', '2032_01', '2032_02', '2032_03', '2032_04', '2032_05', '2032_06'].map((m) => `messages_${m}`),
    )
  })
  test('a month has the walls, rights and indexes of the others', async () => {
    await maintain(new Date())
    await maintain(new Date(), 'webhook_events')
    const shape = async (table: string) => {
      const { rows } = await db.owner.query(
        `SELECT c.relrowsecurity, c.relforcerowsecurity, c.relowner,
                (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(c.relacl) x) AS acl,
                (SELECT jsonb_agg(jsonb_build_array(policyname, cmd, roles, qual, with_check) ORDER BY policyname) FROM pg_policies WHERE tablename = c.relname) AS walls,
                (SELECT jsonb_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '') ORDER BY indexrelid) FROM pg_index WHERE indrelid = c.oid) AS indexes,
                (SELECT jsonb_agg(regexp_replace(pg_get_constraintdef(oid), '', '') ORDER BY contype, 1) FROM pg_constraint WHERE conrelid = c.oid AND contype IN ('c', 'f', 'p')) AS constraints
           FROM pg_class c WHERE c.oid = $1::regclass`,
        [table],
      )
      return rows[0]
    }
    for (const parent of ['messages', 'webhook_events']) {
      const [first] = await months(parent)
      const made = await shape(first as string)
      expect(made).toEqual(await shape(`${parent}_default`))
      expect(made).toMatchObject({ relrowsecurity: true, relforcerowsecurity: true })
      expect(made.walls).toHaveLength(2)
    }
  })
  test('a query about a time reads that month alone', async () => {
    await maintain(new Date())
    const { rows } = await db.owner.query(
      `EXPLAIN SELECT * FROM messages WHERE tenant_id = $1 AND created_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' AND created_at < now()`.replace(
        '$1',
        `'${account.tenantId}'`,
      ),
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toContain((await months())[0])
    expect(plan).toContain('Subplans Removed: 7')
    expect(plan.match(/ on messages_/g)).toHaveLength(1)
  })
})

describe('months that come late', () => {
  test('get the few rows that waited for them, in one short transaction', async () => {
    await fill(400, '2025-05-01', '2025-08-01')
    const before = await digest('messages')
    const report = await maintain(new Date())
    expect(report.moved).toBe(401)
    expect(report.made.slice(0, 3)).toEqual(['messages_2025_05', 'messages_2025_06', 'messages_2025_07'])
    expect(await digest('messages')).toEqual(before)
    expect(await count('ONLY messages_default')).toBe(0)
    expect(await count('messages_2025_06')).toBeGreaterThan(100)
  })
  test('who reads at that moment waits and then sees every row, wherever it is by then', async () => {
    await fill(400, '2025-05-01', '2025-08-01')
    const [mover, ...readers] = await Promise.all([1, 2, 3, 4].map(() => db.owner.connect()))
    const named = { name: 'all', text: 'SELECT count(*)::int AS n FROM messages' }
    const [plain, fresh, used] = readers as [pg.PoolClient, pg.PoolClient, pg.PoolClient]
    for (let n = 0; n < 7; n++) await used.query(named)
    await mover?.query('BEGIN')
    const { rows } = await (mover as pg.PoolClient).query(`SELECT moved::int FROM maintain_month_partitions('messages')`)
    expect(rows.reduce((sum, { moved }) => sum + moved, 0)).toBe(401)
    const reading = [plain.query(named.text), fresh.query(named), used.query(named)]
    await until('all of them wait', async () => {
      const [waiting] = (
        await db.pool.query(`SELECT count(*)::int AS n FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE d.datname = current_database() AND NOT l.granted`)
      ).rows
      return waiting.n === 3
    })
    await mover?.query('COMMIT')
    const read = await Promise.all(reading)
    for (const client of [mover, ...readers]) client?.release()
    expect(read.map(({ rows }) => rows)).toEqual([[{ n: 401 }], [{ n: 401 }], [{ n: 401 }]])
  })
  test('the function of one month says what it will not do', async () => {
    expect((await db.owner.query(`SELECT create_messages_partition('2026-02-17') AS name`)).rows[0].name).toBe(
      'messages_2026_02',
    )
    expect((await db.owner.query(`SELECT create_messages_partition('2026-02-01') AS name`)).rows[0].name).toBe(
      'messages_2026_02',
    )
    await expect(db.owner.query('SELECT create_messages_partition(NULL)')).rejects.toThrow(/month/)
    await expect(db.owner.query(`SELECT create_messages_partition('1066-10-14')`)).rejects.toThrow(/month/)
    await expect(db.owner.query(`SELECT maintain_month_partitions('tenants')`)).rejects.toThrow(/not a table with monthly/)
    await expect(db.owner.query(`SELECT maintain_month_partitions('messages; DROP')`)).rejects.toThrow(/not a table/)
    await fill(40_000, '2025-05-01', '2025-06-01')
    await expect(db.owner.query(`SELECT create_messages_partition('2025-05-01')`)).rejects.toThrow(/too much/)
    expect(await count('messages')).toBe(40_001)
  })
  test('the server may call none of it', async () => {
    for (const call of [
      `maintain_messages_partitions()`,
      `create_messages_partition('2026-01-01')`,
      `begin_drain('messages')`,
      `finish_drain('messages')`,
      `detach_month('messages', '2025-01-01')`,
    ])
      await expect(db.pool.query(`SELECT ${call}`)).rejects.toThrow(/permission denied/)
  })
  test('an owner that would not see all rows moves none', async () => {
    const blind = `blind_${randomBytes(4).toString('hex')}`
    await db.owner.query(`CREATE ROLE ${blind} NOINHERIT`)
    try {
      await db.owner.query(
        `GRANT USAGE, CREATE ON SCHEMA parley TO ${blind}; GRANT parley_system TO ${blind}${(await version()) >= 16 ? ' WITH INHERIT FALSE' : ''}`,
      )
      await db.owner.query(
        `ALTER TABLE messages OWNER TO ${blind}; ALTER TABLE messages_default OWNER TO ${blind}; GRANT SELECT ON partition_rules TO ${blind}; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA parley TO ${blind}`,
      )
      const client = await db.owner.connect()
      await client.query(`SET ROLE ${blind}`)
      await expect(maintainPartitions(client, 'messages', {})).rejects.toThrow(/does not see every row/)
      await client.query('RESET ROLE')
      client.release()
      expect(await count('messages')).toBe(1)
    } finally {
      await db.owner.query(`DROP OWNED BY ${blind} CASCADE`).catch(() => {})
      await db.owner.query(`DROP ROLE IF EXISTS ${blind}`).catch(() => {})
    }
  })
  const version = async () =>
    Math.floor((await db.owner.query(`SELECT current_setting('server_version_num')::int AS v`)).rows[0].v / 10_000)

  test('an owner bound by row-level security, as on a database of one’s own, moves them all', async () => {
    const owner = `owner_${randomBytes(4).toString('hex')}`
    await db.owner.query(`CREATE ROLE ${owner}`)
    try {
      await db.owner.query(`GRANT parley_app, parley_system TO ${owner}; GRANT ALL ON SCHEMA parley TO ${owner}`)
      const { rows } = await db.owner.query(
        `SELECT format('ALTER %s parley.%I OWNER TO ${owner}', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname) AS sql FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('r', 'p')
         UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO ${owner}', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'parley'::regnamespace AND NOT prosecdef`,
      )
      for (const { sql } of rows) await db.owner.query(sql)
      await fill(40_000, '2025-05-01', '2025-08-01')
      const before = await digest('messages')
      const client = await db.owner.connect()
      await client.query(`SET ROLE ${owner}`)
      expect((await maintainPartitions(client, 'messages', {})).moved).toBe(40_001)
      await client.query('RESET ROLE')
      client.release()
      expect(await digest('messages')).toEqual(before)
      expect(await count('ONLY messages_default')).toBe(0)
    } finally {
      await db.drop()
      db = await createTestDatabase()
      await db.owner.query(`DROP ROLE IF EXISTS ${owner}`)
    }
  })
})

describe('how it stands', () => {
  const state = async (now: Date) =>
    (await db.pool.query(`SELECT * FROM partition_state($1) WHERE parent = 'messages'`, [now])).rows[0]

  test('is told to the server without the rows of anybody: months ahead without a gap, rows that wait', async () => {
    const now = new Date('2025-11-09T12:00:00Z')
    expect(await state(now)).toEqual({ parent: 'messages', months_ahead: -1, months: 0, rows_in_default: 1, draining: false })
    await db.owner.query('TRUNCATE messages')
    await maintain(now)
    expect(await state(now)).toMatchObject({ months_ahead: 6, months: 7, rows_in_default: 0 })
    expect(await state(at('2026-04-09T12:00:00Z'))).toMatchObject({ months_ahead: 1 })
    expect(await state(at('2026-06-09T12:00:00Z'))).toMatchObject({ months_ahead: -1 })
    await db.owner.query('DROP TABLE messages_2026_01')
    expect(await state(now)).toMatchObject({ months_ahead: 1, months: 6 })
  })
})

describe('a large DEFAULT partition', () => {
  test('is drained month by month without losing or doubling a row, while writers add, change and remove', async () => {
    await fill(60_000, '2025-04-10', '2025-11-09')
    const old = `created_at < '2025-11-09'`
    const before = await digest('messages', `${old} AND type = 'text'`)
    const clients = await Promise.all([1, 2, 3].map(() => client()))
    let stop = false
    let longest = 0
    const kept: string[] = []
    const written: string[] = []
    const writers = clients.map(async (one, n) => {
      for (let i = 0; !stop; i++) {
        const began = performance.now()
        const id = newId()
        await one.query(
          `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
           SELECT tenant_id, $2, id, contact_id, 900000 + $3, 'inbound', 'customer', 'note', 'first', now(), $4 FROM conversations WHERE id = $1`,
          [conversationId, id, n * 100_000 + i, i % 3 ? new Date() : at('2025-07-03T10:00:00Z')],
        )
        if (i % 2)
          await one.query(`UPDATE messages SET content = 'second' WHERE tenant_id = $1 AND id = $2`, [account.tenantId, id])
        if (i % 5 === 4) await one.query('DELETE FROM messages WHERE tenant_id = $1 AND id = $2', [account.tenantId, id])
        else kept.push(`${id} ${i % 2 ? 'second' : 'first'}`)
        written.push(id)
        longest = Math.max(longest, performance.now() - began)
      }
    })
    const shown: number[] = []
    const report = await maintainPartitions(db.owner, 'messages', { onProgress: ({ done, total }) => shown.push(done / total) })
    stop = true
    await Promise.all(writers)
    await Promise.all(clients.map((one) => one.end()))
    console.info(`drain under load: ${written.length} written meanwhile, longest wait of a writer ${Math.round(longest)} ms`)
    expect(written.length).toBeGreaterThan(50)
    expect(report.moved).toBeGreaterThan(60_000)
    expect(shown.at(-1)).toBe(1)
    expect(await digest('messages', `${old} AND type = 'text'`)).toEqual(before)
    const { rows } = await db.owner.query(`SELECT id || ' ' || content AS line FROM messages WHERE type = 'note'`)
    expect(rows.map((row) => row.line).sort()).toEqual(kept.sort())
    expect(await count('ONLY messages_default')).toBe(0)
    expect((await months()).slice(0, 8)).toEqual(
      ['04', '05', '06', '07', '08', '09', '10', '11'].map((m) => `messages_2025_${m}`),
    )
    // What is left looks like what a new database has, and takes rows.
    const { rows: left } = await db.owner.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relname LIKE '%\\_new%' OR relname LIKE '%\\_over'`,
    )
    expect(left).toEqual([])
    expect((await db.owner.query(`SELECT 1 FROM pg_trigger WHERE tgname = 'mirror_to_month'`)).rows).toEqual([])
    await fill(1, '1999-01-01', '1999-01-03')
    expect(await count('ONLY messages_default')).toBe(1)
    expect(
      (
        await db.owner.query(
          `SELECT indexrelid::regclass::text AS i FROM pg_index WHERE indrelid = 'messages_default'::regclass AND indisprimary`,
        )
      ).rows[0].i,
    ).toBe('messages_default_pkey')
  }, 60_000)

  test('killed after any step, the next upkeep ends it and nothing is lost', async () => {
    await fill(40_000, '2025-05-01', '2025-08-01')
    const before = await digest('messages')
    const steps = ['begin_drain', 'copy_drain', 'add_drain_keys', 'check_drain_keys', 'ANALYZE', 'compare_drain']
    for (const last of steps) {
      const one = await client()
      await expect(maintainPartitions(killedAfter(one, last), 'messages')).rejects.toThrow('killed')
      await one.end()
      expect(await digest('messages')).toEqual(before)
      await fill(1, '2025-06-15', '2025-06-16')
      Object.assign(before, await digest('messages'))
    }
    await maintain(new Date())
    expect(await digest('messages')).toEqual(before)
    expect(await count('ONLY messages_default')).toBe(0)
  }, 60_000)

  test('a connection that is cut in the middle of the exchange leaves everything as it was', async () => {
    await fill(40_000, '2025-05-01', '2025-08-01')
    const before = await digest('messages')
    const one = await client()
    await expect(maintainPartitions(killedAfter(one, 'compare_drain'), 'messages')).rejects.toThrow('killed')
    await one.query('BEGIN')
    await one.query(`SELECT finish_drain('messages')`)
    const { rows } = await one.query('SELECT pg_backend_pid() AS pid')
    await db.owner.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await expect.poll(() => count(`pg_stat_activity WHERE pid = ${rows[0].pid}`)).toBe(0)
    expect(await digest('messages')).toEqual(before)
    await maintain(new Date())
    expect(await digest('messages')).toEqual(before)
    expect(await count('ONLY messages_default')).toBe(0)
  }, 60_000)

  test('copies that differ from it are thrown away, and it is not touched', async () => {
    await fill(40_000, '2025-05-01', '2025-08-01')
    const before = await digest('messages')
    const one = await client()
    await expect(maintainPartitions(killedAfter(one, 'copy_drain'), 'messages')).rejects.toThrow('killed')
    await expect(one.query(`SELECT finish_drain('messages')`)).rejects.toThrow(/not been found equal/)
    await one.query(`UPDATE messages_2025_05 SET content = 'forged' WHERE id = (SELECT id FROM messages_2025_05 LIMIT 1)`)
    await expect(maintainPartitions(one, 'messages')).rejects.toThrow(/differ/)
    await one.end()
    expect(await digest('messages')).toEqual(before)
    expect(await months()).toEqual([])
    await maintain(new Date())
    expect(await digest('messages')).toEqual(before)
  }, 60_000)

  test('a table that a migration changed meanwhile is copied anew', async () => {
    await fill(40_000, '2025-05-01', '2025-08-01')
    const one = await client()
    await expect(maintainPartitions(killedAfter(one, 'copy_drain'), 'messages')).rejects.toThrow('killed')
    await one.query(`ALTER TABLE messages ADD COLUMN mood text NOT NULL DEFAULT 'calm'`)
    await one.end()
    const before = await digest('messages')
    await maintain(new Date())
    expect(await digest('messages')).toEqual(before)
    expect(await count(`messages_2025_06 WHERE mood = 'calm'`)).toBeGreaterThan(10_000)
  }, 60_000)

  test('a writer never waits for a lock that upkeep cannot get: it lets go after 200 ms and tries again', async () => {
    await fill(100, '2025-05-01', '2025-06-01')
    const holder = await client()
    await holder.query('BEGIN; SELECT FROM messages_default LIMIT 1') // a long report, a dump
    const writer = await client()
    const upkeep = maintain(new Date())
    let longest = 0
    for (const until = Date.now() + 2500; Date.now() < until; ) {
      const began = performance.now()
      await writer.query(`UPDATE conversations SET unread_count = unread_count WHERE id = $1`, [conversationId])
      await writer.query(`INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, occurred_at, created_at)
        SELECT tenant_id, gen_random_uuid(), id, contact_id, 5, 'inbound', 'customer', 'text', now(), now() FROM conversations WHERE id = '${conversationId}'`)
      longest = Math.max(longest, performance.now() - began)
    }
    console.info(`upkeep that cannot get its lock: longest wait of a writer ${Math.round(longest)} ms`)
    await holder.query('COMMIT')
    expect((await upkeep).made.length).toBeGreaterThan(6)
    expect(await count('ONLY messages_default')).toBe(0)
    await holder.end()
    await writer.end()
    const { rows } = await db.owner.query(`SELECT prosrc FROM pg_proc WHERE proname = 'lock_for_upkeep'`)
    expect(rows[0].prosrc).toContain(`set_config('lock_timeout', '200ms', true)`)
    expect(longest).toBeLessThan(1500)
  })

  test('two upkeeps at once: one works, the other says so', async () => {
    const one = await client()
    await one.query('BEGIN; SELECT one_upkeep()')
    await expect(maintain(new Date())).rejects.toThrow(/another upkeep is running/)
    await one.query('COMMIT')
    await one.end()
    expect((await maintain(new Date())).made).toHaveLength(7)
  })
})

async function client(): Promise<pg.Client> {
  const one = new pg.Client({ connectionString: db.url, options: '-c search_path=parley' })
  one.on('error', () => {}) // one is cut on purpose
  await one.connect()
  return one
}

/** A connection whose holder ends right after its first statement that names this. */
function killedAfter(one: pg.Client, step: string): Pick<pg.ClientBase, 'query'> {
  let dead = false
  return {
    query: (async (sql: string, values?: unknown[]) => {
      if (dead) throw new Error('killed')
      const result = await one.query(sql, values)
      if (sql.includes(step)) dead = true
      return result
    }) as pg.ClientBase['query'],
  }
}
