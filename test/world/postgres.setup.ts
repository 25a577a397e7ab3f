/**
 * One PostgreSQL for a test run: the embedded one, or the server at PARLEY_TEST_DATABASE_URL (a superuser or a role that
 * may create databases and roles). A migrated template database is made once; every test file takes a copy of it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { jobNames } from '../../src/app/build.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { adminUrl: string; template: string }
  }
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.toString()
}

/** No test pulls a plug: what is written need not have reached the disk, only the system. A process that is killed loses nothing by it. */
async function setFsync(admin: pg.Client, change: 'SET fsync = off' | 'RESET fsync'): Promise<void> {
  await admin.query(`ALTER SYSTEM ${change}`)
  await admin.query('SELECT pg_reload_conf()')
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.PARLEY_TEST_DATABASE_URL
  const folder = await mkdtemp(join(tmpdir(), 'parley-test-'))
  const embedded = given ? null : await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const adminUrl = given ?? withDatabase(embedded?.ownerUrl ?? '', 'postgres')
  const template = `parley_template_${process.pid}`
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const forgets = embedded !== null || process.env.PARLEY_TEST_DATABASE_FORGETS === 'true'
  if (forgets) await setFsync(admin, 'SET fsync = off')
  await admin.query(`CREATE DATABASE ${template}`)
  await migrate(withDatabase(adminUrl, template))
  await prepareJobs(withDatabase(adminUrl, template), jobNames)
  project.provide('postgres', { adminUrl, template })
  return async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`).catch(() => {})
    if (forgets) await setFsync(admin, 'RESET fsync').catch(() => {})
    await admin.end()
    await embedded?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
