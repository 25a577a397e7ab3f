import type { Json } from './types.ts'

/** Thrown by the engine, answered as the API's error body. */
export class RestError extends Error {
  readonly code: number
  readonly status: number
  constructor(code: number, message?: string, status = 400) {
    super(message ?? messages[code] ?? 'An error occurred.')
    this.code = code
    this.status = status
  }
}

export const renderError = ({ code, message, status }: RestError): Json => ({
  code,
  message,
  more_info: `https://www.twilio.com/docs/errors/${code}`,
  status,
})

export const notFound = (path: string): RestError => new RestError(20404, `The requested resource ${path} was not found`, 404)

/** What a status callback and a message say of a code. */
export const messageOf = (code: number): string => messages[code] ?? 'Unknown error'

const messages: Record<number, string> = {
  20003: 'Authenticate',
  20005: 'Account not active',
  20009: 'Cannot delete this resource before it is complete',
  20429: 'Too Many Requests',
  20500: 'Internal Server Error',
  21404: 'Inbound Phone number not available to trial account',
  21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
  21421: 'PhoneNumber is invalid',
  21422: 'PhoneNumber is not available',
  21452: 'No phone numbers found in area code',
  21602: 'Message body is required.',
  21603: "A 'From' or 'MessagingServiceSid' parameter is required to send a message",
  21604: "A 'To' phone number is required.",
  21608: "The 'to' phone number provided is not yet verified for this account.",
  21610: 'Attempt to send to unsubscribed recipient',
  21617: 'The concatenated message body exceeds the 1600 character limit',
  21620: 'Invalid media URL(s)',
  21623: 'Number of media files exceeds allowed limit',
  21631: 'Phone Number Requires an Address',
  21649: 'Phone Number Requires a Bundle',
  21701: 'The Messaging Service does not exist',
  21704: 'The Messaging Service contains no phone numbers',
  21710: 'Phone Number Already Exists in Messaging Service',
  21712: 'Phone Number or Short Code is associated with another Messaging Service.',
  21910: 'Invalid From and To pair. From and To should be of the same channel',
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
  30034: 'US A2P 10DLC - Message from an Unregistered Number',
  30409: 'This message cannot be canceled',
  35111: 'SendAt timestamp is missing',
  35114: 'Scheduling does not support this timestamp',
  35118: 'MessagingServiceSid is required to schedule a message',
  63003: 'Channel could not find To address',
  63007: 'Twilio could not find a Channel with the specified From address',
  63016:
    'Failed to send freeform message because you are outside the allowed window. If you are using WhatsApp, please use a Message Template.',
  63019: 'Media failed to download',
  63024: 'Invalid message recipient',
  63027: 'Template does not exist for a language and locale',
}
