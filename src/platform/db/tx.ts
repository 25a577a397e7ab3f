import { isUuid } from '../../kernel/ids.ts'
import { isRetryable, isSilence, isUnavailable } from './errors.ts'
import type { Client, Pool } from './pool.ts'

/** A transaction that sees one tenant. Functions that read or write tenant data take it, never the pool. */
export interface Tx {
  readonly tenantId: string
  query: Client['query']
  /** Runs after the commit, in the order given; not at all after a rollback. */
  onCommit(action: () => void): void
}

export interface Database {
  pool: Pool
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Runs `work` in a transaction of this tenant: SET LOCAL with a literal, so that nothing of it survives the transaction,
 * also behind a connection pooler. Serialisation failures and deadlocks are run again; nothing else is.
 */
export async function inTenant<T>(db: Database, tenantId: string, work: (tx: Tx) => Promise<T>, tries = 5): Promise<T> {
  if (!isUuid(tenantId)) throw new Error('a tenant id must be a UUID')
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(db, tenantId, work)
    } catch (error) {
      if (attempt >= tries || !isRetryable(error)) throw error
      await pause(5 * 2 ** attempt * Math.random())
    }
  }
}

/**
 * The same for what only reads: the result is there as soon as `work` has it, and the transaction, in which nothing can be
 * written, ends behind it. What it read is one state of each statement, as in `inTenant`.
 */
export async function readTenant<T>(db: Database, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (!isUuid(tenantId)) throw new Error('a tenant id must be a UUID')
  const client = await db.pool.connect()
  const afterwards: (() => void)[] = []
  try {
    await client.query(`BEGIN READ ONLY; SET LOCAL parley.tenant_id = '${tenantId}'`)
    const tx: Tx = {
      tenantId,
      query: client.query.bind(client) as Client['query'],
      onCommit: (action) => afterwards.push(action),
    }
    const result = await work(tx)
    client.query('COMMIT').then(
      () => {
        client.release()
        for (const action of afterwards) action()
      },
      (error: Error) => client.release(error),
    )
    return result
  } catch (error) {
    client.release(await rollBack(client, error))
    throw error
  }
}

/**
 * Why the connection is to be thrown away, if it is. One that did not answer would not answer a ROLLBACK either, and what it
 * has locked would stay locked for as long again: closing it ends its transaction too.
 */
async function rollBack(client: Client, error: unknown): Promise<Error | undefined> {
  if (isSilence(error)) return error as Error
  return await client.query('ROLLBACK').then(
    () => undefined,
    (rollback: Error) => rollback,
  )
}

async function once<T>(db: Database, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  const afterwards: (() => void)[] = []
  let broken: Error | undefined
  try {
    await client.query(`BEGIN; SET LOCAL parley.tenant_id = '${tenantId}'`)
    const tx: Tx = {
      tenantId,
      query: client.query.bind(client) as Client['query'],
      onCommit: (action) => afterwards.push(action),
    }
    const result = await work(tx)
    await client.query('COMMIT')
    for (const action of afterwards) action()
    return result
  } catch (error) {
    broken = await rollBack(client, error)
    throw error
  } finally {
    client.release(broken)
  }
}

/** Several statements in one transaction outside any tenant, for the few functions that work across them. */
export async function inTransaction<T>(db: Database, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = await rollBack(client, error)
    throw error
  } finally {
    client.release(broken)
  }
}

/**
 * One call that is a transaction by itself. A statement that fails leaves its connection as it was, with all that is prepared
 * on it; `pool.query` would close it.
 */
export async function inOneCall<T>(db: Database, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    if (isUnavailable(error)) broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}
