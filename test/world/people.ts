/** What the verbs about people need, real parts on a test's own database. */
import { prepareJobs, startJobs } from '../../src/platform/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import type { PeopleDeps } from '../../src/tenancy/deps.ts'
import { mailJob } from '../../src/tenancy/mail.ts'
import { createPresence } from '../../src/tenancy/presence.ts'
import { createThrottle } from '../../src/tenancy/throttle.ts'
import type { TestDatabase } from './database.ts'

export const testSecrets = () => createSecrets(['a key that only tests have, 32 long'])
export const silent = createLogger({ level: 'CRITICAL' })

export async function peopleDeps(
  db: TestDatabase,
  more: Partial<Pick<PeopleDeps, 'mail' | 'signUp' | 'lives'>> = {},
): Promise<{ deps: PeopleDeps; changed: string[]; stop(): Promise<void> }> {
  await prepareJobs(db.url, [mailJob])
  const jobs = await startJobs({ connectionString: db.url, log: silent })
  const secrets = testSecrets()
  const changed: string[] = []
  const tell = (tenantId: string) => void changed.push(tenantId)
  const presence = createPresence({ db, log: silent, changed: tell })
  const deps: PeopleDeps = {
    ...{ db, secrets, jobs, presence, mail: false, signUp: 'closed', cookieName: 'parley' },
    throttle: createThrottle({ db, secrets }),
    publicUrl: () => 'http://parley.example',
    changed: tell,
    ...more,
  }
  return {
    deps,
    changed,
    async stop() {
      await presence.stop()
      await jobs.stop()
    },
  }
}
