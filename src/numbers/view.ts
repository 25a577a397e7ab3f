import type { z } from 'zod'
import { masked } from '../tenancy/tenant-rules.ts'
import type { Provider } from './provider.ts'
import { mayCost, stepsOf } from './rules.ts'
import type { NumberView, offerView, ProviderView } from './schema.ts'
import type { Offer } from './search.ts'
import type { NumberRow } from './store.ts'

const time = (date: Date | null): string | null => date?.toISOString() ?? null

export const numberView = (row: NumberRow): NumberView => ({
  ...{ id: row.id, number: row.phone_number, name: row.friendly_name, status: row.status, wanted: row.wanted },
  ...{ country: row.country, region: row.region, areaCode: row.area_code, kind: row.number_type },
  ...{ capabilities: row.capabilities, price: { monthlyCents: row.monthly_price_cents, currency: row.currency } },
  ...{ mayCost: mayCost(row), steps: row.account_sid === null ? [] : stepsOf(row), waitingFor: row.waiting_for },
  ...{ nextTryAt: row.waiting_for === null ? null : time(row.due_at), attempts: row.attempts },
  failure: row.failure_code === null ? null : { code: row.failure_code, text: row.status_reason ?? '' },
  ...{ reason: row.status_reason, accountId: row.channel_account_id, messagingServiceSid: row.messaging_service_sid },
  webhooks: {
    ...{ voice: row.voice_webhook_url, voiceStatus: row.status_callback_url, texts: row.sms_webhook_url },
    set: row.webhooks_configured,
  },
  ...{ provisionedAt: time(row.date_provisioned), releasedAt: time(row.date_released) },
  ...{ createdAt: row.created_at.toISOString(), updatedAt: row.updated_at.toISOString() },
})

export const offered = ({ abilities, ...offer }: Offer): z.input<typeof offerView> => ({ ...offer, capabilities: abilities })

/** A business that has none has an answer too: that it has none. */
export const providerView = (found: Provider | null): ProviderView => ({
  configured: found !== null,
  accountSid: found?.access.accountSid ?? null,
  authToken: found?.access.credentials.authToken === undefined ? null : masked(found.access.credentials.authToken),
  from: found === null ? null : found.kept ? 'given' : 'account',
  updatedAt: time(found?.kept?.updated_at ?? null),
})
