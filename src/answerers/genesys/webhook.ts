/** Who may speak to the webhook. */
import { hasSignature } from '../../platform/webhook-signature.ts'

/**
 * `sha256=` and the padded base64 of HMAC-SHA256 over exactly these bytes. The header has the name that Meta uses, whose
 * digits are hex: a verifier for one refuses the other.
 */
const form = { header: 'x-hub-signature-256', form: /^sha256=([A-Za-z0-9+/]{43}=)$/, encoding: 'base64' } as const

export const verify = (
  request: { headers: Record<string, string | undefined>; rawBody: Buffer },
  secrets: readonly string[],
): boolean => hasSignature(request, secrets, form)
