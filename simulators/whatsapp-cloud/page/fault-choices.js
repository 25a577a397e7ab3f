/** Faults a person can switch on by name: label and the action the control API takes. */
export const faultChoices = [
  ['Answer lost', { kind: 'dropAfterAccept' }],
  ['Connection lost', { kind: 'dropBeforeAccept' }],
  ['Slow, 5 s', { kind: 'delay', ms: 5000 }],
  ['Too fast (130429)', { kind: 'error', code: 130429 }],
  ['Pair limit (131056)', { kind: 'error', code: 131056 }],
  ['Something wrong (131000)', { kind: 'error', code: 131000 }],
  ['502 page', { kind: 'http5xxGarbage' }],
  ['No id', { kind: 'okWithoutId' }],
  ['Fails later (131026)', { kind: 'statusFailed', code: 131026 }],
  ['Webhook twice', { kind: 'duplicateWebhook', copies: 1 }],
  ['Webhook late, 5 s', { kind: 'webhookDelay', ms: 5000 }],
  ['Webhook lost once', { kind: 'webhookLost', tries: 1 }],
  ['Receipts reversed', { kind: 'reorderWebhooks', order: 'reversed' }],
  ['Receipt first', { kind: 'reorderWebhooks', order: 'before_response' }],
]
