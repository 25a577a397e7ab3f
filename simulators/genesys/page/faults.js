/** How the contact centre can be, in words. The names are the control API's. */
export const moodChoices = [
  ['well', 'well'],
  ['refuses', 'refusing messages (400)'],
  ['rateLimited', 'asking to slow down (429)'],
  ['refusesToken', 'refusing every token (401)'],
  ['lacksPermission', 'missing a permission (403)'],
  ['down', 'down (503)'],
  ['broken', 'broken (500)'],
  ['timesOut', 'timing out at its gateway (504)'],
  ['losesRequests', 'losing requests'],
  ['losesAnswers', 'taking messages and losing its answers'],
  ['silent', 'silent'],
]

/** Faults a person can switch on by name: label and the action the control API takes. */
export const faultChoices = [
  ['Answer lost', { kind: 'dropAfter' }],
  ['Connection lost', { kind: 'dropBefore' }],
  ['Slow, 5 s', { kind: 'delay', ms: 5000 }],
  ['Token revoked', { kind: 'revokeToken' }],
  ['Too fast, 20 s', { kind: 'rateLimit', seconds: 20 }],
  ['502 page', { kind: 'garbage' }],
  ['Conversation not named', { kind: 'noConversationId' }],
  ['Webhook before the answer', { kind: 'webhookFirst' }],
  ['Webhook twice', { kind: 'duplicateWebhook', copies: 1 }],
  ['Webhook late, 5 s', { kind: 'webhookDelay', ms: 5000 }],
  ['Webhook lost once', { kind: 'webhookLost', tries: 1 }],
]
