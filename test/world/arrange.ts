/** Businesses, numbers and events for tests, made the shortest way. */
import { randomInt } from 'node:crypto'
import type { SignedWebhook } from '../../src/conversations/batch.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { InboundEvent, MessageEvent, ReceiptEvent } from '../../src/ports/channel.ts'
import type { TestDatabase } from './database.ts'

export interface TestAccount {
  tenantId: string
  accountId: string
  externalId: string
}

export const digits = (length: number): string => Array.from({ length }, () => randomInt(1, 10)).join('')

export async function makeTenant(db: TestDatabase, name = 'Baker Street Plumbing'): Promise<string> {
  const id = newId()
  await db.owner.query('INSERT INTO tenants (id, tenant_id, name) VALUES ($1, $2, $3)', [id, `t-${id}`, name])
  return id
}

export async function makeAccount(
  db: TestDatabase,
  options: { tenantId?: string; answerer?: string; appSlug?: string } = {},
): Promise<TestAccount> {
  const tenantId = options.tenantId ?? (await makeTenant(db))
  const accountId = newId()
  const externalId = digits(15)
  await db.owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, portfolio_id, name, address, answerer)
     VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, $4, $5, 'Main number', '+15550783881', $6)`,
    [tenantId, accountId, options.appSlug ?? '', externalId, `portfolio-${tenantId}`, options.answerer ?? 'human'],
  )
  return { tenantId, accountId, externalId }
}

export function inboundText(
  account: TestAccount,
  phone: string,
  text: string,
  extra: Partial<MessageEvent> = {},
): MessageEvent {
  return {
    kind: 'message',
    direction: 'inbound',
    account: account.externalId,
    externalId: `wamid.${newId()}`,
    occurredAt: new Date().toISOString(),
    person: {
      identities: [{ kind: 'wa_id', value: phone, scope: '' }],
      name: `Customer ${phone.slice(-3)}`,
      phone: `+${phone}`,
    },
    type: 'text',
    text,
    body: { text },
    media: [],
    opensWindow: true,
    conversational: true,
    metadata: {},
    ...extra,
  }
}

export function receipt(
  account: TestAccount,
  externalId: string,
  status: string,
  extra: Partial<ReceiptEvent> = {},
): ReceiptEvent {
  return {
    kind: 'receipt',
    account: account.externalId,
    externalId,
    status,
    occurredAt: new Date().toISOString(),
    detail: {},
    ...extra,
  }
}

export function webhook(...events: InboundEvent[]): SignedWebhook {
  const rawBody = Buffer.from(JSON.stringify({ events }))
  return {
    id: newId(),
    provider: 'whatsapp-cloud',
    appSlug: '',
    rawBody,
    headers: { 'content-type': 'application/json' },
    parsed: { events, label: 'messages' },
    windowHours: 24,
  }
}
