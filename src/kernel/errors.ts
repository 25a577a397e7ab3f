/**
 * An error somebody is meant to read: a stable code, an HTTP status and what to do next in words. Everything else that is
 * thrown is a fault and becomes `internal`. The codes are listed in docs/errors.md; a test compares the two.
 */
export class ParleyError extends Error {
  readonly code: ErrorCode
  readonly details: unknown
  constructor(code: ErrorCode, message: string, details?: unknown) {
    super(message)
    this.name = 'ParleyError'
    this.code = code
    this.details = details
  }
  get status(): number {
    return errorCodes[this.code]
  }
}

/** Code → HTTP status. */
export const errorCodes = {
  invalid_request: 400,
  malformed_cursor: 400,
  not_signed_in: 401,
  wrong_credentials: 401,
  code_required: 401,
  wrong_code: 401,
  bad_signature: 401,
  forbidden: 403,
  tenant_suspended: 403,
  registration_required: 403,
  not_same_origin: 403,
  not_found: 404,
  conflict: 409,
  slot_taken: 409,
  number_limit: 409,
  number_taken: 409,
  number_gone: 409,
  no_number_provider: 409,
  last_owner: 409,
  not_retryable: 409,
  duplicate_risk: 409,
  link_not_valid: 410,
  hold_ended: 410,
  too_large: 413,
  unsupported_media: 415,
  idempotency_mismatch: 422,
  weak_password: 422,
  window_closed: 422,
  template_unknown: 422,
  template_not_approved: 422,
  template_parameters: 422,
  contact_blocked: 422,
  opted_out: 422,
  no_address: 422,
  account_held: 422,
  account_removed: 422,
  too_long: 422,
  unsupported_by_channel: 422,
  file_not_ready: 422,
  reply_target: 422,
  too_many_requests: 429,
  internal: 500,
  provider_failed: 502,
  unavailable: 503,
} as const
export type ErrorCode = keyof typeof errorCodes

export const notFound = (what: string) => new ParleyError('not_found', `${what} was not found.`)
