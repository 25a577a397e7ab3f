import type { Channels } from '../conversations/accounts.ts'
import type { FileStore } from '../platform/blobs.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { CentreEvent, ContactCentre } from '../ports/contact-centre.ts'

export type AgentMessage = Extract<CentreEvent, { kind: 'message' }>

export interface CentreDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  files: FileStore
  /** By name. */
  centres: ReadonlyMap<string, ContactCentre>
  /** The guarded one: addresses come from strangers. */
  fetch: typeof fetch
  publicUrl: () => string
  /** Something changed for this tenant. */
  changed: (tenantId: string) => void
  /** There is something to send to customers. */
  wakeDispatch: () => void
  /** There is something to do for a contact centre. */
  wakeTasks?: () => void
  now?: () => Date
}
