/** What went wrong, in words for the person in front of the page. */
import { ParleyError } from '../../../client/index.ts'
import type { Translate } from '../text/t.ts'

export function reasonOf(error: unknown, t: Translate): string {
  if (!(error instanceof ParleyError)) return t('error.server')
  if (error.status === 0) return t('error.unreachable')
  if (error.code === 'tenant_suspended') return t('error.suspended')
  if (error.code === 'last_owner') return t('team.lastOwner')
  if (error.status === 403) return t('error.forbidden')
  if (error.status === 404) return t('error.notFound')
  // What a provider said is meant to be read.
  if (error.code === 'provider_failed') return error.message
  if (error.status >= 500) return t('error.server')
  return error.message
}
