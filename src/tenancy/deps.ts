/** What the people's part of the server works with. */
import type { Jobs } from '../platform/jobs.ts'
import type { Presence } from './presence.ts'
import type { SignInDeps } from './sessions.ts'
import type { Throttle } from './throttle.ts'

export interface PeopleDeps extends SignInDeps {
  jobs: Pick<Jobs, 'enqueue' | 'wake'>
  /** Whether mail can be sent. */
  mail: boolean
  signUp: 'open' | 'closed'
  throttle: Throttle
  presence: Presence
  cookieName: string
  publicUrl: () => string
  /** Something changed for this tenant: its live stream looks at the event log. */
  changed: (tenantId: string) => void
}
