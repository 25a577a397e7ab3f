import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { asOwner, runningUrl, startEmbedded } from '../../src/platform/db/embedded.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { withDatabase } from '../world/postgres.setup.ts'
import { freePort, type ServerProcess, startProcess } from '../world/process.ts'
import { until } from '../world/until.ts'

const running: ServerProcess[] = []
const folders: string[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.end('SIGKILL')
})
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-start-'))
  folders.push(folder)
  return folder
}

async function begin(settings: Record<string, string>, args?: string[]): Promise<ServerProcess & { url: string }> {
  const port = await freePort()
  const server = startProcess({ PORT: String(port), ...settings }, args)
  running.push(server)
  return Object.assign(server, { url: `http://127.0.0.1:${port}` })
}
/** One that is expected to end by itself, and what it said. */
async function refused(settings: Record<string, string>, args?: string[]): Promise<{ code: number | null; said: string }> {
  const server = await begin(settings, args)
  const { code } = await server.exited
  return { code, said: server.output() }
}
const health = async (url: string) => (await fetch(`${url}/health`)).status
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const secretKey = { PARLEY_SECRET_KEY: 'a key that only tests have, 32 long' }

describe('a server with its own database', () => {
  let folder = ''
  const postmaster = async () => Number((await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
  beforeAll(async () => {
    folder = await newFolder()
  })

  test('nothing configured: it makes its database, plays the demo and says where to click and how to sign in', async () => {
    const server = await begin({ PARLEY_DATA_DIR: folder })
    const said = await server.ready
    expect(said).toContain(`Console     ${server.url}`)
    expect(said).toContain('Simulator')
    expect(said).toContain('DATABASE_URL (using the embedded PostgreSQL in the data folder)')
    const signIn = /Sign in as (\S+) with the password (\S+)/.exec(said)
    expect(await health(server.url)).toBe(200)
    const session = await fetch(`${server.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: signIn?.[1], password: signIn?.[2] }),
    })
    expect(session.status).toBe(200)
    // Its lines come in by connections on which the function holds the keys: the server's own login may have them, and no superuser is needed.
    const looking = new pg.Client({ connectionString: asOwner(await runningUrl(folder)) })
    await looking.connect()
    await until('the demo has written', async () => {
      const { rows } = await looking.query(
        `SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'parley-lines' AND query LIKE '%receive_lines%'`,
      )
      return rows.length === 1 && rows[0].usename === 'parley_server'
    })
    await looking.end()
    // The demo rings and texts, and what it mails is caught.
    const shown = async <T>(path: string) => (await (await fetch(`${server.url}${path}`)).json()) as T
    const { calls } = await shown<{ calls: { status: string; from: string }[] }>('/telephones/control/calls')
    expect(calls.map(({ from }) => from)).toEqual(['+14155550171', '+14155550172', 'anonymous'])
    await until('the assistant has answered on the handset', async () => {
      const { messages } = await shown<{ messages: { direction: string }[] }>(
        `/telephones/control/threads/${encodeURIComponent('+14155550172')}/${encodeURIComponent('+14155550143')}`,
      )
      return messages.filter(({ direction }) => direction !== 'inbound').length === 2
    })
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
    const booked = await fetch(`${server.url}/api/bookings`, { headers: { cookie } })
    const { items } = (await booked.json()) as { items: { staff: { name: string } }[] }
    expect(items.map(({ staff }) => staff.name).sort()).toEqual(['Priya Nair', 'Sam Okafor'])
    await fetch(`${server.url}/api/invitations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify({ email: 'new@harbour.example', role: 'agent' }),
    })
    await until('the invitation is in the mails', async () => {
      const { mails } = await shown<{ mails: { to: string[]; text: string }[] }>('/mails/control/mails')
      return mails.some(({ to, text }) => to[0] === 'new@harbour.example' && text.includes(`${server.url}/invitation`))
    })
    const elsewhere = await fetch(`${server.url}/mails/control/mails`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(elsewhere.status).toBe(403)
    expect((await stat(join(folder, 'secret.key'))).mode & 0o077).toBe(0)

    const second = await refused({ PARLEY_DATA_DIR: folder })
    expect(second.code).toBe(1)
    expect(second.said).toMatch(/in use|another|already/i)
    expect(second.said).not.toMatch(/\n\s+at /)
    expect(await health(server.url)).toBe(200)

    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false)
  })

  test('its master key is changed while it runs, killed in the middle or not, and it goes on opening its secrets', async () => {
    const server = await begin({ PARLEY_DATA_DIR: folder })
    await server.ready
    const keys = async () => (await readFile(join(folder, 'secret.key'), 'utf8')).trim().split('\n')
    const [first] = await keys()
    const command = (...args: string[]) => refused({ PARLEY_DATA_DIR: folder }, ['keys', ...args])
    const handshake = async () =>
      (await (await fetch(`${server.url}/simulator/control/apps/100200300400500/verify`, { method: 'POST' })).json()) as object

    const interrupted = await begin({ PARLEY_DATA_DIR: folder }, ['keys', 'rotate', '--new'])
    await until('the new key stands first', async () => (await keys())[0] !== first)
    await interrupted.end('SIGKILL')
    expect(await handshake()).toEqual({ verified: true })

    const done = await command('rotate')
    expect(done.said).toMatch(/sealed again/)
    expect(done.code).toBe(0)
    expect((await command('prune')).said).toContain('1 old key taken out')
    expect(await keys()).toHaveLength(1)
    expect(await keys()).not.toContain(first)
    expect(await handshake()).toEqual({ verified: true })
    expect((await command()).said).toMatch(/^[0-9a-f]{8} {2}seals +\d+ secrets\n$/)
    await server.end('SIGTERM')
  })

  test('after kill -9 the next start takes over the database and everything in it, again and again', async () => {
    for (let round = 0; round < 2; round++) {
      const server = await begin({ PARLEY_DATA_DIR: folder })
      await server.ready
      const before = await postmaster()
      await server.end('SIGKILL')
      const next = await begin({ PARLEY_DATA_DIR: folder })
      expect(await next.ready).not.toContain('Sign in as')
      expect(await health(next.url)).toBe(200)
      const now = await postmaster()
      expect(now).not.toBe(before)
      await until('the old database has ended', () => !isAlive(before))
      expect((await next.end('SIGTERM')).code).toBe(0)
      await until('the database has ended', () => !isAlive(now))
    }
  })

  test('killed and not started again, it leaves no database running', async () => {
    const server = await begin({ PARLEY_DATA_DIR: folder })
    await server.ready
    const pid = await postmaster()
    await server.end('SIGKILL')
    await until('the database has ended', () => !isAlive(pid), { timeoutMs: 30_000 })
  })
})

describe('a configuration that cannot work', () => {
  test('every wrong variable is named at once, each with what it should be', async () => {
    const { code, said } = await refused({
      PORT: 'seventy',
      PUBLIC_URL: 'parley.example',
      DATABASE_URL: 'mysql://localhost/x',
      LOG_LEVEL: 'loud',
      PARLEY_SECRET_KEY: 'short',
      PARLEY_DATA_DRI: '/tmp',
    })
    expect(code).toBe(1)
    expect(said).toContain('6 mistakes')
    for (const name of ['PORT', 'PUBLIC_URL', 'DATABASE_URL', 'LOG_LEVEL', 'PARLEY_SECRET_KEY', 'PARLEY_DATA_DRI'])
      expect(said).toContain(`${name}: `)
    expect(said).not.toMatch(/\n\s+at /)
  })

  test('production wants a secret key and no demo', async () => {
    const { code, said } = await refused({ NODE_ENV: 'production', PARLEY_DEMO: 'true', PARLEY_DATA_DIR: await newFolder() })
    expect(code).toBe(1)
    expect(said).toContain('PARLEY_SECRET_KEY: required in production')
    expect(said).toContain('PARLEY_DEMO: ')
  })

  test('a database that is not there is named without its password', async () => {
    const { code, said } = await refused({
      DATABASE_URL: 'postgresql://parley:top-secret@127.0.0.1:1/parley',
      PARLEY_DATA_DIR: await newFolder(),
    })
    expect(code).toBe(1)
    expect(said).toContain('Parley could not go on')
    expect(said).not.toContain('top-secret')
  })

  test('a port that is taken ends the start and lets go of the database', async () => {
    const folder = await newFolder()
    const first = await begin({ ...secretKey, PARLEY_DATA_DIR: await newFolder(), PARLEY_DEMO: 'false' })
    await first.ready
    const { code, said } = await refused({ PORT: new URL(first.url).port, PARLEY_DATA_DIR: folder, PARLEY_DEMO: 'false' })
    expect(code).toBe(1)
    expect(said).toContain('EADDRINUSE')
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false)
  })
})

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('a server on a database that was given', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database?.drop())

  test('in production there is no simulator, and the first owner is invited', async () => {
    const settings = { ...secretKey, NODE_ENV: 'production', DATABASE_URL: database.url, PARLEY_DATA_DIR: await newFolder() }
    const server = await begin(settings)
    const said = await server.ready
    expect(said).not.toContain('Simulator')
    expect(said).toContain('parley invite')
    for (const path of ['/simulator', '/simulator/', '/simulator/control/state', '/simulator/graph/v25.0/1']) {
      const answer = await fetch(`${server.url}${path}`, { headers: { accept: 'application/json' } })
      expect([path, answer.status]).toEqual([path, 404])
    }
    const invited = await refused(settings, ['invite', 'new@owner.example', '--business', 'New Business'])
    expect(invited.code).toBe(0)
    expect(invited.said).toContain('Sign in as new@owner.example')
    const secret = /password is (\S+)/.exec(invited.said)?.[1]
    const session = await post(`${server.url}/api/session`, { email: 'new@owner.example', password: secret })
    expect([session.status, await session.json()]).toMatchObject([200, { role: 'owner', operator: true }])
    const linked = await refused(settings, ['invite', 'second@owner.example', '--business', 'Second', '--link'])
    const token = /\/invitation#(\S+)/.exec(linked.said)?.[1]
    const look = await post(`${server.url}/api/invitations/look`, { token })
    expect(await look.json()).toMatchObject({
      business: 'Second',
      email: 'second@owner.example',
      role: 'owner',
      knownPerson: false,
    })
    const joined = await post(`${server.url}/api/invitations/accept`, { token, password: 'a password of their own' })
    expect(await joined.json()).toMatchObject({ role: 'owner', operator: false })
    const replaced = await refused(settings, ['password', 'second@owner.example', '--without-code'])
    const renewed = /is (\S+)/.exec(replaced.said)?.[1]
    const again = (password?: string) => post(`${server.url}/api/session`, { email: 'second@owner.example', password })
    expect([(await again('a password of their own')).status, (await again(renewed)).status]).toEqual([401, 200])
    expect((await server.end('SIGTERM')).code).toBe(0)
  })

  test('a schema that is newer than this version is refused, and nothing is changed', async () => {
    const other = await createTestDatabase()
    try {
      await other.owner.query(`INSERT INTO parley.pgmigrations (name, run_on) VALUES ('999_from_the_future', now())`)
      const { code, said } = await refused({ ...secretKey, DATABASE_URL: other.url, PARLEY_DATA_DIR: await newFolder() })
      expect(code).toBe(1)
      expect(said).toContain('newer version of Parley')
      expect(said).toContain('999_from_the_future')
    } finally {
      await other.drop()
    }
  })
})

describe('a new database', () => {
  const admin = () => new pg.Client({ connectionString: inject('postgres').adminUrl })
  const asAdmin = async (...statements: string[]) => {
    const client = admin()
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  const name = `parley_start_${process.pid}`

  test.each([1, 2, 3])('several migrations at once are safe: one does the work, the others find it done (%i)', async () => {
    await asAdmin(`CREATE DATABASE ${name}_two`)
    const url = withDatabase(inject('postgres').adminUrl, `${name}_two`)
    const settings = { ...secretKey, DATABASE_URL: url, PARLEY_DATA_DIR: await newFolder() }
    const all = await Promise.all([1, 2, 3].map(() => refused(settings, ['migrate'])))
    expect(all.map((one) => [one.code, one.said.split('\n')[0]]).sort()).toEqual([
      [0, expect.stringMatching(/^Applied \d+ migrations/)],
      [0, 'The database is up to date.'],
      [0, 'The database is up to date.'],
    ])
    await asAdmin(`DROP DATABASE ${name}_two WITH (FORCE)`)
  })

  test('works for an owner who is no superuser but may make roles', async () => {
    // A cluster of its own: in one where another superuser made the server's roles, the owner could not use them.
    const cluster = await startEmbedded({ dataDir: await newFolder(), log: createLogger({ level: 'CRITICAL' }) })
    try {
      const admin = new pg.Client({ connectionString: cluster.ownerUrl })
      await admin.connect()
      await admin.query(`CREATE ROLE shop LOGIN CREATEROLE PASSWORD 'words'`)
      await admin.query('CREATE DATABASE shop OWNER shop')
      await admin.end()
      const url = new URL(withDatabase(cluster.ownerUrl, 'shop'))
      url.username = 'shop'
      url.password = 'words'
      const settings = { ...secretKey, DATABASE_URL: url.toString(), PARLEY_DATA_DIR: await newFolder(), PARLEY_DEMO: 'true' }
      for (let round = 0; round < 2; round++) {
        const server = await begin(settings)
        expect((await server.ready).includes('Sign in as')).toBe(round === 0)
        expect(await health(server.url)).toBe(200)
        expect((await server.end('SIGTERM')).code).toBe(0)
      }
    } finally {
      await cluster.stop()
    }
  })
})
