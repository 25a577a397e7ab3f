/** Which database this process works on, brought to the schema it knows. */
import type { Config } from '../platform/config.ts'
import { admitServer, startEmbedded } from '../platform/db/embedded.ts'
import { type MigrationReport, migrate } from '../platform/db/migrate.ts'
import { prepareJobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import { jobNames } from './build.ts'

export interface RunningDatabase {
  /** What the server connects with. */
  url: string
  /** The owner of the tables: for migrations and statistics. */
  ownerUrl: string
  embedded: boolean
  migrated: MigrationReport
  stop(): Promise<void>
}

export async function openDatabase(config: Config, log: Logger): Promise<RunningDatabase> {
  if (config.DATABASE_URL) {
    const url = config.DATABASE_URL
    return { url, ownerUrl: url, embedded: false, migrated: await prepare(url, log), stop: async () => {} }
  }
  const embedded = await startEmbedded({ dataDir: config.PARLEY_DATA_DIR, log })
  const { url, ownerUrl, stop } = embedded
  try {
    const migrated = await prepare(ownerUrl, log)
    await admitServer(ownerUrl)
    return { url, ownerUrl, embedded: true, migrated, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function prepare(ownerUrl: string, log: Logger): Promise<MigrationReport> {
  const report = await migrate(ownerUrl, {
    onWait: (reason) => log.warn('The database takes nobody yet; waiting for it', { operation: 'start', reason }),
  })
  await prepareJobs(ownerUrl, jobNames)
  return report
}
