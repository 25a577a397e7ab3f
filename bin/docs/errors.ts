import type { ErrorCode } from '../../src/kernel/errors.ts'
import { generated } from './generated.ts'

/** Code → what it means and what its reader does next. The type makes sure that none is missing. */
const meanings: Record<ErrorCode, [meaning: string, next: string]> = {
  invalid_request: ['A field is missing, too long or of the wrong kind.', 'Read `details`: it names each field.'],
  malformed_cursor: ['The cursor was not given by this server.', 'Start again without a cursor.'],
  not_signed_in: ['No session and no API key, or one that has ended or was revoked.', 'Sign in, or use a valid key.'],
  wrong_credentials: [
    'The e-mail address or the password is wrong.',
    'Try again; `parley password <e-mail>` makes a new password.',
  ],
  code_required: [
    'The password is right, and this person uses an authenticator.',
    'Send the same again with `code`: six digits, or a recovery code.',
  ],
  wrong_code: [
    'The code is wrong, too old, or was used already.',
    'Wait for the next code, or use a recovery code. `parley password <e-mail> --without-code` lets somebody in who lost both.',
  ],
  bad_signature: [
    "A webhook's signature does not match the app secret.",
    "Compare the app secret with the provider's; set the previous one too while it is being changed.",
  ],
  tenant_suspended: [
    'The business is suspended: what comes in is kept, nothing is sent and nothing can be changed.',
    'Ask whoever runs this server.',
  ],
  registration_required: [
    'The carriers in the United States have not approved the business yet: no texts go to numbers there. The attempt is kept.',
    'Finish the registration with the provider of the number; then try the message again.',
  ],
  forbidden: ['The role does not allow this.', 'Ask an owner or administrator, or use a key with a higher role.'],
  not_same_origin: [
    "A page of another site tried to act with a person's session.",
    'Use an API key from other sites’ servers.',
  ],
  not_found: ['There is no such thing, or it belongs to another business.', 'Check the id and which business the key is for.'],
  conflict: ['Something else happened first.', 'Read the present state and decide again.'],
  slot_taken: [
    'Somebody else has this time, or a part of it.',
    'Choose another one: `GET /api/bookings/slots` says what is free.',
  ],
  number_limit: [
    'The business has as many telephone numbers as it may.',
    'Release one, or ask whoever runs the server to allow more (`phoneNumberLimit` of the business).',
  ],
  number_taken: ['The business has this telephone number already.', 'Look at it under `GET /api/numbers`.'],
  number_gone: ['The provider does not sell this telephone number any more.', 'Search again and choose another one.'],
  no_number_provider: [
    'It is not known in which account at the provider numbers are bought.',
    'Enter it: `PUT /api/numbers/provider`.',
  ],
  last_owner: ['A business needs an owner, and this is its last.', 'Make somebody else an owner first.'],
  link_not_valid: [
    'The link was used, withdrawn, replaced by a newer one, or has expired.',
    'Ask for a new invitation, or for another link to set a password.',
  ],
  hold_ended: [
    'The hold was released, or its 15 minutes are over: the time may be somebody else’s.',
    'Hold the time again, or choose another one.',
  ],
  weak_password: ['The password is too short or too easy to guess.', 'Choose another: the message says what it lacks.'],
  not_retryable: [
    'Only a failed message, or one with an unknown outcome, can be sent again.',
    'Nothing: it is under way or done.',
  ],
  duplicate_risk: [
    'The first try may have arrived, so sending again may reach the customer twice.',
    'Wait for a receipt, or repeat with `acceptDuplicate: true`.',
  ],
  too_large: ['The body or the file is too large.', 'Send a smaller one; the message names the limit.'],
  unsupported_media: [
    'The content type or the kind of file is not accepted.',
    'Use one of the kinds the channel’s account lists.',
  ],
  idempotency_mismatch: [
    'The idempotency key was used before, for another message.',
    'Use a new key for a new message, and the same key only to repeat the same call.',
  ],
  window_closed: [
    'The time in which free text may be sent has passed since the customer last wrote.',
    'Send an approved template, or wait until the customer writes.',
  ],
  template_unknown: ['No template has this name in this language.', 'Synchronise the templates and check name and language.'],
  template_not_approved: [
    'The provider has not approved this template, or has paused it.',
    'Use another, or wait for approval.',
  ],
  template_parameters: ['A place of the template is not filled, or one was given that it does not have.', 'Read `details`.'],
  contact_blocked: ['This contact is blocked.', 'Unblock the contact first.'],
  opted_out: [
    'The customer asked for no more messages on this channel, or for no advertising.',
    'Nothing may be sent. They can write START; what they said elsewhere is written down with their consents.',
  ],
  no_address: ['The contact has no address on this channel.', 'Add a phone number, or use another channel.'],
  account_held: [
    'The channel of this account is not available on this server.',
    'Start a version of Parley that has the channel. (An account that its provider stopped refuses nothing: its queue is kept.)',
  ],
  account_removed: ['The number of this conversation was disconnected.', 'Write to this customer from another number.'],
  too_long: ['The text is longer than the channel carries.', 'Shorten it, or send several messages.'],
  unsupported_by_channel: ['This channel cannot send this kind of message.', "See the account's `capabilities`."],
  file_not_ready: ['The file is still being stored.', 'Try again in a moment.'],
  reply_target: [
    'The message to answer or react to is not one of this conversation, or not with the provider yet.',
    'Choose another.',
  ],
  too_many_requests: ['Too many calls in a short time.', 'Wait a minute and go slower.'],
  internal: ['A fault in Parley.', "Try again; if it stays, look at the server's log at that time."],
  provider_failed: [
    'The provider did not answer, or answered with an error.',
    'Try again later; the message says what it said.',
  ],
  unavailable: ['The database cannot be reached, or too much waits.', 'Try again after the seconds of `retry-after`.'],
}

/** docs/errors.md from the table of codes. */
export function renderErrors(codes: Readonly<Record<ErrorCode, number>>): string {
  const rows = (Object.entries(codes) as [ErrorCode, number][]).map(
    ([code, status]) => `| \`${code}\` | ${status} | ${meanings[code][0]} | ${meanings[code][1]} |`,
  )
  return `${generated('src/kernel/errors.ts and bin/docs/errors.ts')}
# Errors

Every error of the API has the same shape. \`code\` is stable and made for programs, \`message\` is made for people and may
change; \`details\` is there where it helps.

\`\`\`json
{ "error": { "code": "window_closed", "message": "…", "details": [] } }
\`\`\`

An answer of 5xx or no answer at all says nothing about whether a message was queued: repeat the call with the same
\`Idempotency-Key\` and it is queued once.

| Code | Status | What it means | What to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}
