import type { Json } from './types.ts'

type Known = { httpStatus: number; title: string; type?: string; transient?: boolean }

// HTTP status and title per code, after Meta's "Error Codes" page. Clients must decide on the code, not on the status.
const known: Record<number, Known> = {
  0: { httpStatus: 401, title: 'AuthException' },
  1: { httpStatus: 400, title: 'API Unknown' },
  2: { httpStatus: 503, title: 'API Service', transient: true },
  3: { httpStatus: 500, title: 'API Method' },
  4: { httpStatus: 429, title: 'Application request limit reached', transient: true },
  10: { httpStatus: 403, title: 'Application does not have permission for this action' },
  33: { httpStatus: 400, title: 'Parameter value is not valid' },
  100: { httpStatus: 400, title: 'Invalid parameter' },
  190: { httpStatus: 401, title: 'Invalid OAuth access token - Cannot parse access token' },
  200: { httpStatus: 403, title: 'Permissions error' },
  368: { httpStatus: 403, title: 'Temporarily blocked for policies violations' },
  2200: { httpStatus: 400, title: 'Callback verification failed' },
  2500: { httpStatus: 400, title: 'Unknown path components' },
  80007: { httpStatus: 429, title: 'Rate limit issues', transient: true },
  130429: { httpStatus: 429, title: 'Rate limit hit' },
  130472: { httpStatus: 400, title: "User's number is part of an experiment" },
  130497: { httpStatus: 403, title: 'Business account is restricted from messaging users in this country.' },
  131000: { httpStatus: 500, title: 'Something went wrong' },
  131005: { httpStatus: 403, title: 'Access denied' },
  131008: { httpStatus: 400, title: 'Required parameter is missing' },
  131009: { httpStatus: 400, title: 'Parameter value is not valid' },
  131016: { httpStatus: 500, title: 'Service unavailable' },
  131021: { httpStatus: 400, title: 'Recipient cannot be sender' },
  131026: { httpStatus: 400, title: 'Message undeliverable' },
  131030: { httpStatus: 400, title: 'Recipient phone number not in allowed list' },
  131031: { httpStatus: 403, title: 'Account has been locked' },
  131037: { httpStatus: 400, title: 'Display name approval needed' },
  131042: { httpStatus: 400, title: 'Business eligibility payment issue' },
  131045: { httpStatus: 500, title: 'Incorrect certificate' },
  131047: { httpStatus: 400, title: 'Re-engagement message' },
  131048: { httpStatus: 400, title: 'Spam rate limit hit' },
  131049: { httpStatus: 400, title: 'This message was not delivered to maintain healthy ecosystem engagement.' },
  131050: { httpStatus: 400, title: 'User has stopped receiving marketing messages from this business' },
  131051: { httpStatus: 400, title: 'Unsupported message type' },
  131052: { httpStatus: 400, title: 'Media download error' },
  131053: { httpStatus: 400, title: 'Media upload error' },
  131056: { httpStatus: 400, title: '(Business Account, Consumer Account) pair rate limit hit' },
  131057: { httpStatus: 500, title: 'Account in maintenance mode' },
  131060: { httpStatus: 400, title: 'This message is currently unavailable' },
  131062: { httpStatus: 400, title: 'Business-scoped user ids are not supported for this message' },
  131063: { httpStatus: 400, title: 'Marketing templates must be sent through the Marketing Messages API' },
  131064: { httpStatus: 400, title: 'Sending is limited by the template classification' },
  132000: { httpStatus: 400, title: 'Number of parameters does not match the expected number of params' },
  132001: { httpStatus: 404, title: 'Template name does not exist in the translation' },
  132005: { httpStatus: 400, title: 'Translated text too long' },
  132007: { httpStatus: 400, title: 'Template format character policy violated' },
  132008: { httpStatus: 400, title: 'Template parameter value is not valid' },
  132012: { httpStatus: 400, title: 'Parameter format does not match format in the created template' },
  132015: { httpStatus: 400, title: 'Template is paused' },
  132016: { httpStatus: 400, title: 'Template is disabled' },
  132018: { httpStatus: 400, title: "There is an issue with the template's parameters" },
  132068: { httpStatus: 400, title: 'Flow is in blocked state' },
  132069: { httpStatus: 400, title: 'Flow is in throttled state' },
  133004: { httpStatus: 503, title: 'Server is temporarily unavailable', transient: true },
  133005: { httpStatus: 400, title: 'Two step verification PIN mismatch' },
  133010: { httpStatus: 400, title: 'Phone number not registered' },
  133016: { httpStatus: 400, title: 'Account register deregister rate limit exceeded' },
  135000: { httpStatus: 400, title: 'Generic user error' },
  139100: { httpStatus: 400, title: 'Failed to block/unblock some users' },
  137000: { httpStatus: 400, title: 'Identity hash mismatch' },
}

const titleOf = (code: number) => known[code]?.title ?? 'Something went wrong'

export type GraphErrorOptions = {
  details?: string
  subcode?: number
  httpStatus?: number
  /** Replaces the whole `(#code) title` sentence. */
  message?: string
  type?: string
  headers?: Record<string, string>
}

/** A refusal by the Graph API, thrown by the engine and rendered once, at the HTTP edge. */
export class GraphError extends Error {
  readonly code: number
  readonly options: GraphErrorOptions

  constructor(code: number, options: GraphErrorOptions = {}) {
    super(options.message ?? `(#${code}) ${titleOf(code)}`)
    this.name = 'GraphError'
    this.code = code
    this.options = options
  }

  get httpStatus(): number {
    return this.options.httpStatus ?? known[this.code]?.httpStatus ?? 400
  }
}

/** The body Meta answers with. `fbtraceId` is the opaque id of the request in Meta's logs. */
export function renderGraphError(error: GraphError, fbtraceId: string): Json {
  const { details, subcode, type } = error.options
  return {
    error: {
      message: error.message,
      type: type ?? 'OAuthException',
      code: error.code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      ...(details === undefined ? {} : { error_data: { messaging_product: 'whatsapp', details } }),
      ...(known[error.code]?.transient ? { is_transient: true } : {}),
      fbtrace_id: fbtraceId,
    },
  }
}

/** One element of `statuses[].errors[]` or `messages[].errors[]`. */
export function webhookError(code: number, details?: string): Json {
  const title = titleOf(code)
  return {
    code,
    title,
    message: title,
    error_data: { details: details ?? title },
    href: 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/',
  }
}

/** The object is unknown to this token: same words whether it is missing or somebody else's. */
export function objectNotFound(id: string, method: 'get' | 'post' | 'delete'): GraphError {
  const message =
    `Unsupported ${method} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, ` +
    'or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api'
  return new GraphError(100, { subcode: 33, message, type: 'GraphMethodException' })
}
