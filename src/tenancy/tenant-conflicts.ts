/** What is taken already, in words. Who has it is nobody else's business. */
import { ParleyError } from '../kernel/errors.ts'

const taken: Record<string, [field: string, words: string]> = {
  tenants_tenant_id_key: ['tenantId', 'This public id'],
  idx_tenant_subdomain: ['subdomain', 'This subdomain'],
  idx_tenant_phone_number: ['phoneNumberId', 'This phone number id'],
  idx_tenant_integration_id: ['integrationId', 'This integration id'],
  idx_tenant_genesys_org: ['genesysOrgId', 'This organisation'],
  channel_accounts_external_key: ['phoneNumberId', 'This phone number id'],
}

/** Runs `work`; an id that somebody else holds becomes a 409 that names it. */
export async function refuseTaken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string }
    const found = code === '23505' && constraint ? taken[constraint] : undefined
    if (!found) throw error
    throw new ParleyError('conflict', `${found[1]} is taken on this server already. Choose another one.`, {
      field: found[0],
    })
  }
}
