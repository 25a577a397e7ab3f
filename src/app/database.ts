/** Which database this process works on, brought to the schema it knows. */
import type { Config } from '../platform/config.ts'
import { startEmbedded } from '../platform/db/embedded.ts'
import { type MigrationReport, migrate } from '../platform/db/migrate.ts'
import { prepareJobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import { jobNames } from './build.ts'

export interface RunningDatabase {
  url: string
  embedded: boolean
  migrated: MigrationReport
  stop(): Promise<void>
}

export async function openDatabase(config: Config, log: Logger): Promise<RunningDatabase> {
  if (config.DATABASE_URL) {
    return { url: config.DATABASE_URL, embedded: false, migrated: await prepare(config.DATABASE_URL), stop: async () => {} }
  }
  const embedded = await startEmbedded({ dataDir: config.PARLEY_DATA_DIR, log })
  try {
    return { url: embedded.url, embedded: true, migrated: await prepare(embedded.ownerUrl), stop: embedded.stop }
  } catch (error) {
    await embedded.stop()
    throw error
  }
}

async function prepare(ownerUrl: string): Promise<MigrationReport> {
  const report = await migrate(ownerUrl)
  await prepareJobs(ownerUrl, jobNames)
  return report
}
