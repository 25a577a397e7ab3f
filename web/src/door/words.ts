/** Refusals before the console, in words that say what to do. */
import { ParleyError } from '../../../client/index.ts'
import { reasonOf } from '../app/reason.ts'
import type { TextKey, Translate } from '../text/t.ts'

const known: Record<string, TextKey> = {
  wrong_credentials: 'signIn.wrong',
  wrong_code: 'code.wrong',
  too_many_requests: 'signIn.tooMany',
  weak_password: 'password.weak',
  link_not_valid: 'door.linkOver',
}

export function refusal(error: unknown, t: Translate): string {
  const key = error instanceof ParleyError ? known[error.code] : undefined
  if (key) return t(key)
  if (error instanceof ParleyError && error.status === 429) return t('signIn.tooMany')
  // Here the server's own words say what stands in the way: nobody is signed in whose role could.
  if (error instanceof ParleyError && error.status === 403) return error.message
  return reasonOf(error, t)
}

/** Signed in as far as the password goes; the authenticator's code is missing. */
export const asksForCode = (error: unknown): boolean =>
  error instanceof ParleyError && (error.code === 'code_required' || error.code === 'wrong_code')

/** The same refusals where one is signed in already: the password alone is in question. */
export const passwordRefusal = (error: unknown, t: Translate): string =>
  error instanceof ParleyError && error.code === 'wrong_credentials' ? t('security.password.wrong') : refusal(error, t)
