/** A business with a contact centre, and the parts of the bridge around it, made the shortest way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentMessage, CentreDeps } from '../../src/contact-centre/deps.ts'
import { type CentreWebhook, receiveCentreWebhook } from '../../src/contact-centre/receive.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createFolderStore } from '../../src/platform/blobs.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import type { CentreEvent } from '../../src/ports/contact-centre.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { makeAccount, type TestAccount } from './arrange.ts'
import type { TestDatabase } from './database.ts'
import { type ScriptedCentre, scriptedCentre } from './scripted-centre.ts'
import { type ScriptedChannel, scriptedChannel } from './scripted-channel.ts'

export const secrets = createSecrets(['a key for tests only, long enough to be'])

/** One folder for all worlds of this process: files are named by what is in them. */
const folder = mkdtempSync(join(tmpdir(), 'parley-centre-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

export interface BridgeWorld {
  deps: CentreDeps
  centre: ScriptedCentre
  channel: ScriptedChannel
}

export function bridgeWorld(db: TestDatabase, more: Partial<CentreDeps> = {}): BridgeWorld {
  const centre = scriptedCentre()
  const channel = scriptedChannel()
  const deps: CentreDeps = {
    db,
    log: createLogger({ level: 'CRITICAL' }),
    secrets,
    channels: new Map([[channel.provider, channel]]),
    files: createFolderStore(folder),
    centres: new Map([[centre.name, centre]]),
    fetch,
    publicUrl: () => 'https://parley.example',
    changed: () => {},
    wakeDispatch: () => {},
    ...more,
  }
  return { deps, centre, channel }
}

export interface CentreAccount extends TestAccount {
  integrationId: string
  slug: string
}

export async function makeCentre(
  db: TestDatabase,
  given: { tenantId?: string; answerer?: string; settings?: object } = {},
): Promise<CentreAccount> {
  const account = await makeAccount(db, {
    answerer: given.answerer ?? 'genesys',
    ...(given.tenantId ? { tenantId: given.tenantId } : {}),
  })
  const integrationId = `integration-${newId()}`
  const slug = newId()
  if (given.tenantId === undefined) {
    await db.owner.query('INSERT INTO contact_centres (tenant_id, name, slug, settings) VALUES ($1, $2, $3, $4)', [
      account.tenantId,
      'genesys',
      slug,
      JSON.stringify(given.settings ?? {}),
    ])
    await inTenant(db, account.tenantId, (tx) =>
      storeCredentials(tx, secrets, {
        type: 'genesys',
        subject: '',
        values: { clientId: 'client', clientSecret: 'secret', integrationId, webhookSecret: `signs ${slug}` },
      }),
    )
  }
  return { ...account, integrationId, slug }
}

export const agentSays = (
  account: CentreAccount,
  to: { conversationId: string | null; customerId?: string | null },
  text: string | null,
  more: Partial<AgentMessage> = {},
): AgentMessage => {
  const messageId = more.messageId ?? `agent-${newId()}`
  return {
    kind: 'message',
    integrationId: account.integrationId,
    key: `message:${messageId}`,
    conversationId: to.conversationId,
    customerId: to.customerId ?? null,
    at: new Date().toISOString(),
    messageId,
    origin: 'human',
    text,
    attachments: [],
    structures: [],
    ...more,
  }
}

export const centreWebhook = (account: CentreAccount, ...events: (CentreEvent | object)[]): CentreWebhook => ({
  id: newId(),
  tenantId: account.tenantId,
  centre: 'genesys',
  slug: account.slug,
  integrationIds: [account.integrationId],
  rawBody: Buffer.from(JSON.stringify({ events })),
  headers: {},
  receivedAt: new Date(),
})

export const tell = (world: BridgeWorld, account: CentreAccount, ...events: CentreEvent[]) =>
  receiveCentreWebhook(world.deps, centreWebhook(account, ...events))

export async function deadLetters(
  db: TestDatabase,
  tenantId: string,
): Promise<{ reason: string; source: string; error: string }[]> {
  const { rows } = await db.owner.query(
    'SELECT reason, source, error_message AS error FROM dead_letters WHERE tenant_id = $1 ORDER BY created_at, id',
    [tenantId],
  )
  return rows
}
