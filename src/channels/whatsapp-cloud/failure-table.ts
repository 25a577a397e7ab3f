/** The table of failures.ts: code → outcome, what has to wait, words, hint, and the wait in milliseconds. */

import { type FailureRow, hold, reconnect, reject, retry } from '../../ports/failure-rows.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

const disturbance = 'WhatsApp has a disturbance. It will be tried again.'
const tokenGone = 'The access to WhatsApp is no longer valid. Connect the number again.'
const notInGroup = 'WhatsApp does not allow this in the group.'
const noPermission = 'The access to WhatsApp lacks a permission. Connect the number again and grant messaging.'

export const rows: ReadonlyMap<number, FailureRow> = new Map([
  // Passing
  [1, retry(disturbance)],
  [2, retry(disturbance)],
  [131000, retry(disturbance)],
  [131016, retry(disturbance, 'message', 5 * SECOND)],
  [133004, retry(disturbance, 'message', 5 * SECOND)],
  [131057, retry('WhatsApp is moving the number to a higher speed. It goes on in a minute.', 'account', MINUTE)],
  [4, retry('The app made too many calls. It goes on when WhatsApp allows it.', 'account', MINUTE)],
  [80007, retry('The business account made too many calls. It goes on when WhatsApp allows it.', 'account', MINUTE)],
  [130429, retry('Messages went out faster than WhatsApp allows. They go on in a moment.', 'account', 2 * SECOND)],
  // One customer may get one message each six seconds; others must not wait for it.
  [131056, retry('Too many messages to this customer at once. They go on in a moment.', 'pair', 6 * SECOND)],

  // The provider stopped the number
  [131048, hold('WhatsApp limits the number because recipients blocked or reported it.')],
  [131064, hold('WhatsApp limits the number because of how its templates are classified.')],
  [368, hold('WhatsApp blocked the account for a while because of a policy violation.')],
  [131031, hold('WhatsApp locked or restricted the account. See the Business Manager.')],
  [131042, hold('There is a problem with the payment method in the Business Manager.')],
  [131044, hold('There is a problem with the payment method for calls in the Business Manager.')],
  [131037, hold('The display name of the number is not approved yet.')],
  [131045, hold('The number is not registered with WhatsApp. Register it again.')],
  [133010, hold('The number is not registered with WhatsApp. Register it again.')],
  [133016, hold('The number was registered too often. WhatsApp allows it again after some hours.')],

  // Token or permission
  [0, reconnect(tokenGone)],
  [190, reconnect(tokenGone)],
  [3, reconnect(noPermission)],
  [10, reconnect(noPermission)],
  [131005, reconnect(noPermission)],
  [803, reconnect('WhatsApp does not find the number. Connect it again.')],

  // The recipient
  [131021, reject('The number cannot write to itself.')],
  [
    131026,
    reject('WhatsApp could not deliver: the number is not on WhatsApp, uses an old version, or has not accepted the terms.'),
  ],
  [131030, reject('A test number can only write to the recipients in its list.')],
  [130497, reject('WhatsApp does not allow messages of this business to that country.')],
  [131049, reject('WhatsApp holds back marketing to this customer for now. Try again after a day at the earliest.')],
  [131050, reject('The customer does not want marketing messages from you.', 'no_marketing')],
  [130472, reject('WhatsApp did not deliver it because the customer is part of an experiment.')],
  [131062, reject('This kind of template needs the phone number of the customer, who hides it.')],
  [131063, reject('WhatsApp takes marketing templates from this number only through its marketing interface.')],
  [131047, reject('More than 24 hours have passed since the customer last wrote. Only a template can be sent.', 'template')],

  // Groups
  [131020, reject(notInGroup)],
  [131041, reject(notInGroup)],
  [131059, reject(notInGroup)],

  // The content
  [100, reject('WhatsApp does not accept a part of the message.')],
  [131008, reject('A part that WhatsApp requires is missing from the message.')],
  [131009, reject('WhatsApp does not accept a value in the message.')],
  [131051, reject('WhatsApp does not support this kind of message.')],
  [131052, reject('WhatsApp could not fetch the file.')],
  [131053, reject('WhatsApp could not take the file: its kind or size is not supported.')],
  [131060, reject('The message is not available on WhatsApp.')],
  [135000, reject('WhatsApp does not accept the parts of this message.')],
  [137000, reject('The customer changed their phone or reinstalled WhatsApp, and the identity no longer matches.')],

  // The template
  [132000, reject('The number of values does not match the template.')],
  [132001, reject('WhatsApp has no approved template of this name and language.', 'refresh_templates')],
  [132005, reject('The template is too long once it is filled in.')],
  [132007, reject('The template violates a WhatsApp policy.')],
  [132008, reject('WhatsApp does not accept a value for the template.')],
  [132012, reject('A value does not have the format that the template wants.')],
  [132015, reject('WhatsApp paused the template because of its low quality.', 'refresh_templates')],
  [132016, reject('WhatsApp disabled the template for good because of its low quality.', 'refresh_templates')],
  [132018, reject('WhatsApp does not accept a value for the template.')],
  [132068, reject('The form behind the template is blocked.')],
  [132069, reject('The form behind the template is limited by WhatsApp for now.')],
])

/** For codes that have no row of their own. */
export const rangeRows: readonly { from: number; to: number; row: FailureRow }[] = [
  { from: 200, to: 299, row: reconnect(noPermission) },
  { from: 131200, to: 131299, row: reject(notInGroup) },
  { from: 132000, to: 132999, row: reject('WhatsApp does not accept the template.') },
  { from: 133000, to: 133999, row: hold('There is a problem with the registration of the number.') },
  { from: 138000, to: 138999, row: reject('WhatsApp does not allow the call.') },
  { from: 139000, to: 139099, row: reject('There is a problem with the form.') },
  { from: 139100, to: 139199, row: reject('The block list could not be changed.') },
  { from: 147000, to: 147999, row: reject('There is a problem with the username.') },
  { from: 2388000, to: 2388999, row: reject('WhatsApp does not accept the template.') },
]
