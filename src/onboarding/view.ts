import type { AccountRow } from '../conversations/accounts.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { loadCredentials } from '../tenancy/credentials.ts'
import { masked } from '../tenancy/tenant-rules.ts'
import type { WhatsAppConfiguration } from './schema.ts'
import type { NumberRow } from './store.ts'

export const accountView = (row: AccountRow) => ({
  id: row.id,
  channel: row.channel,
  provider: row.provider,
  name: row.name,
  address: row.address,
  state: row.state,
  stateText: row.state_text,
})

const nothing: WhatsAppConfiguration = {
  configured: false,
  accountId: null,
  phoneNumberId: null,
  wabaId: null,
  displayPhoneNumber: null,
  name: null,
  accessToken: null,
  graphUrl: null,
  graphVersion: null,
  state: null,
  stateText: null,
  webhookUrl: null,
  updatedAt: null,
}

/** A business without a number has an answer too: that it has none. */
export async function whatsAppView(
  tx: Tx,
  secrets: Secrets,
  row: NumberRow | null,
  webhookUrl: (slug: string) => string,
): Promise<WhatsAppConfiguration> {
  if (!row) return nothing
  const { accessToken } = (await loadCredentials(tx, secrets, 'channel_account', row.id)) ?? {}
  return {
    configured: true,
    accountId: row.id,
    phoneNumberId: row.external_id,
    wabaId: row.waba_id,
    displayPhoneNumber: row.address,
    name: row.name,
    accessToken: accessToken === undefined ? null : masked(accessToken),
    graphUrl: row.graph_url,
    graphVersion: row.graph_version,
    state: row.state,
    stateText: row.state_text,
    webhookUrl: webhookUrl(row.app_slug),
    updatedAt: row.updated_at.toISOString(),
  }
}
