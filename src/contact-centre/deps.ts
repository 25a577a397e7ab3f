import type { Channels } from '../conversations/accounts.ts'
import type { FileStore } from '../platform/blobs.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { Capabilities } from '../ports/channel.ts'
import type { CentreAttachment, CentreEvent, ContactCentre } from '../ports/contact-centre.ts'
import type { OutboundBody } from '../ports/message.ts'

export type AgentMessage = Extract<CentreEvent, { kind: 'message' }>

/** What an agent's message becomes on a channel: bodies, and files that have to be fetched first, in this order. */
export type AgentPart = OutboundBody | { attachment: CentreAttachment; caption?: string }
export type MakeParts = (message: AgentMessage, capabilities: Capabilities) => AgentPart[]

/** A contact centre and what its folder makes of an agent's message. */
export interface Centre {
  centre: ContactCentre
  parts: MakeParts
}

export interface CentreDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  files: FileStore
  /** By name. */
  centres: ReadonlyMap<string, Centre>
  /** The guarded one: addresses come from strangers. */
  fetch: typeof fetch
  publicUrl: () => string
  /** Something changed for this tenant. */
  changed: (tenantId: string) => void
  /** There is something to send to customers. */
  wakeDispatch: () => void
  now?: () => Date
}
