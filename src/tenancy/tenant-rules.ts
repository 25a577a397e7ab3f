import type { z } from 'zod'
import type { patchTenant } from './tenant-schema.ts'

export type TenantPatch = z.output<typeof patchTenant>

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Only the given keys change, at every depth; null removes one (RFC 7396). */
export function mergePatch(before: Json, patch: Json): Json {
  const merged: Json = { ...before }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[key]
    else merged[key] = isObject(value) ? mergePatch(isObject(merged[key]) ? merged[key] : {}, value) : value
  }
  return merged
}

/** All but the last four characters hidden; short values wholly. */
export const masked = (value: string): string => (value.length >= 12 ? `••••${value.slice(-4)}` : '••••')

/** A public id that says whose it is and that nobody else has. */
export function publicIdOf(name: string, id: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '')
  return `${slug || 'business'}-${id.slice(-6)}`
}

/** Names of the columns that a patch sets, by its fields. */
export const patchColumns = {
  name: 'name',
  email: 'email',
  domain: 'domain',
  subdomain: 'subdomain',
  tenantId: 'tenant_id',
  plan: 'plan',
  rateLimit: 'rate_limit',
  status: 'status',
  genesysOrgId: 'genesys_org_id',
  genesysOrgName: 'genesys_org_name',
  genesysRegion: 'genesys_region',
} as const
