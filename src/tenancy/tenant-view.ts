/** What leaves of a business. */
import type { TenantStatus, TenantView } from './tenant-schema.ts'

export interface TenantRow {
  id: string
  tenant_id: string
  name: string
  business_name: string
  email: string | null
  domain: string | null
  subdomain: string | null
  status: TenantStatus
  plan: string
  rate_limit: number
  settings: Record<string, unknown>
  metadata: Record<string, unknown>
  phone_number_id: string | null
  genesys_org_id: string | null
  genesys_org_name: string | null
  genesys_region: string | null
  genesys_integration_id: string | null
  onboarding_completed: boolean
  onboarding_step: number
  whatsapp_configured: boolean
  created_at: Date
  updated_at: Date
  deleted_at: Date | null
  released: Released | null
}

/** What a deleted business gave back. */
export interface Released {
  tenantId: string
  subdomain: string | null
  phoneNumberId: string | null
  genesysOrgId: string | null
  genesysIntegrationId: string | null
  /** What it was before: one that was suspended comes back suspended. Absent in what was deleted long ago. */
  status?: TenantRow['status']
}

export const tenantView = (row: TenantRow): TenantView => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  businessName: row.business_name,
  email: row.email,
  domain: row.domain,
  subdomain: row.subdomain,
  status: row.status,
  plan: row.plan,
  rateLimit: row.rate_limit,
  settings: row.settings,
  metadata: row.metadata,
  phoneNumberId: row.phone_number_id,
  genesysOrgId: row.genesys_org_id,
  genesysOrgName: row.genesys_org_name,
  genesysRegion: row.genesys_region,
  genesysIntegrationId: row.genesys_integration_id,
  onboardingCompleted: row.onboarding_completed,
  onboardingStep: row.onboarding_step,
  whatsappConfigured: row.whatsapp_configured,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})
