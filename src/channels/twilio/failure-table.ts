/** The table of failures.ts: code → outcome, what has to wait, words, hint, and the wait in milliseconds. */
import { type FailureRow, hold, reconnect, reject, retry } from '../../ports/failure-rows.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const disturbance = 'Twilio has a disturbance. It will be tried again.'
const noSuchNumber = 'The customer’s number is not a valid phone number.'
const notOurs = 'Messages cannot be sent from this number. Check in the Twilio console that it is yours and can send SMS.'
const noRegion = 'The Twilio account may not write to that country. Allow it in the console under Messaging, Geo permissions.'
const trial = 'A trial account reaches verified numbers only. Upgrade the Twilio account, or verify the number there.'
const noService = 'The messaging service is gone or has no number that could send. Check it in the Twilio console.'
const template = 'WhatsApp does not take the template as it is.'
const tomorrow = 'The number has sent as much as the carriers allow for today. It goes on tomorrow.'
const ourWebhook = 'Twilio could not reach this server, or did not understand its answer. Tell whoever runs it.'
const forCalls = 'The call could not be put through.'

export const rows: ReadonlyMap<number, FailureRow> = new Map([
  // The account at Twilio
  [20003, reconnect('Twilio does not take the credentials any more. Enter the auth token again.')],
  [20005, hold('The Twilio account is not active. See its billing in the Twilio console.')],
  [20404, reject('Twilio does not find what the message refers to.')],
  [20429, retry('Twilio asks to send more slowly. It goes on in a moment.', 'account', 2 * SECOND)],
  [20500, retry(disturbance)],
  [30002, hold('Twilio suspended the account. See the Twilio console.')],

  // The recipient
  [21211, reject(noSuchNumber)],
  [21214, reject('The customer’s number cannot be reached.')],
  [21217, reject(noSuchNumber)],
  [21401, reject(noSuchNumber)],
  [21421, reject(noSuchNumber)],
  [21604, reject('There is no number to send to.')],
  [21610, reject('The customer does not want messages from this number any more (they wrote STOP).', 'opted_out')],
  [21612, reject('The customer’s number cannot be reached by SMS from this number.')],
  [21614, reject('The customer’s number is not a mobile phone.', 'landline')],
  [30003, reject('The customer’s phone is switched off or cannot be reached. Try again later.')],
  [30004, reject('The message was blocked: the customer’s phone or network does not take it.')],
  [30005, reject('The customer’s number does not exist, or not any more.')],
  [30006, reject('The customer’s number is a landline, or its network takes no SMS.', 'landline')],
  [63003, reject('The customer’s number is not on WhatsApp.')],
  [63024, reject('WhatsApp does not know the recipient.')],
  [63014, reject('The customer has blocked this number on WhatsApp.')],
  [63032, reject('WhatsApp does not deliver to this customer for now.')],
  [63033, reject('The customer has blocked messages from this number.')],
  [63015, reject('This is the WhatsApp sandbox: the customer has to join it first.')],
  [63049, reject('WhatsApp holds back marketing to this customer for now. Try again after a day at the earliest.')],

  // The sender
  [21212, hold(notOurs)],
  [21601, hold(notOurs)],
  [21606, hold(notOurs)],
  [21910, reject('The message goes from one channel to another: both have to be SMS, or both WhatsApp.')],
  [63007, hold('Twilio knows no WhatsApp sender with this number. Set it up in the Twilio console.')],
  [21701, hold(noService)],
  [21703, hold(noService)],
  [21704, hold(noService)],
  [21705, hold(noService)],
  [30018, hold('The country wants the sender to be registered first. See the Twilio console.')],
  [30024, hold('The sender is not set up with the customer’s network. See the Twilio console.')],
  [30032, hold('The toll-free number is not verified yet. Verify it in the Twilio console.')],
  [30033, hold('The campaign with the US carriers is suspended. See the Twilio console.')],
  [30034, hold('The number is not registered with the US carriers (A2P 10DLC). Register it in the Twilio console.')],
  [30035, hold('The registration of the number with the US carriers is not through yet.')],
  [63001, reconnect('WhatsApp does not take the credentials of the sender. See the Twilio console.')],
  [63020, hold('There is a problem with the WhatsApp Business account. See the Business Manager.')],
  [63051, hold('WhatsApp locked the business account. See the Business Manager.')],
  [63112, hold('WhatsApp disabled the business account. See the Business Manager.')],

  // What the account may do
  [21215, reject(noRegion)],
  [21408, reject(noRegion)],
  [21210, reject(trial)],
  [21219, reject(trial)],
  [21608, reject(trial)],

  // Too much
  [21611, retry('Too much waits at Twilio to be sent from this number. It goes on in a minute.', 'account', MINUTE)],
  [30001, retry('Too much waits at Twilio to be sent from this number. It goes on in a minute.', 'account', MINUTE)],
  [30022, retry('Messages went out faster than the US carriers allow. They go on in a moment.', 'account', 10 * SECOND)],
  [30023, retry(tomorrow, 'account', 12 * HOUR)],
  [30027, retry(tomorrow, 'account', 12 * HOUR)],
  [63018, retry('Messages went out faster than WhatsApp allows. They go on in a moment.', 'account', 10 * SECOND)],
  [63038, retry('The number has sent as much as WhatsApp allows for today. It goes on tomorrow.', 'account', 12 * HOUR)],

  // The network
  [30008, reject('The customer’s network did not take the message and gave no reason. Try again once.')],
  [30017, retry('The customer’s network is congested. It will be tried again.')],
  [30410, retry('The customer’s network did not answer in time. It will be tried again.')],
  [63010, retry(disturbance)],
  [63012, retry('WhatsApp has a disturbance. It will be tried again.')],

  // The content
  [21602, reject('The message is empty.')],
  [21617, reject('The message has more than 1,600 characters.')],
  [21620, reject('Twilio does not take the address of the file.')],
  [21623, reject('The message has more files than Twilio takes.')],
  [30007, reject('The customer’s network filtered the message as unwanted. Look at its words and links before sending more.')],
  [30010, reject('The message would cost more than the limit that is set.')],
  [30019, reject('The file is larger than the customer’s network takes.')],
  [30450, reject('Twilio blocked the message: the same was sent to this customer too often.')],
  [63005, reject('WhatsApp does not take the content of the message.')],
  [63013, reject('The message violates a policy of WhatsApp.')],
  [63016, reject('More than 24 hours have passed since the customer last wrote. Only a template can be sent.', 'template')],
  [63019, reject('Twilio could not fetch the file from this server. Tell whoever runs it: PUBLIC_URL has to be reachable.')],
  [63021, reject('WhatsApp does not take the content of the message.')],
  [63027, reject('WhatsApp has no approved template of this name and language.', 'refresh_templates')],
  [63028, reject('The number of values does not match the template.', 'refresh_templates')],
  [63040, reject(template, 'refresh_templates')],
  [63041, reject('WhatsApp paused the template because of its low quality.', 'refresh_templates')],
  [63042, reject('WhatsApp disabled the template.', 'refresh_templates')],

  // What Twilio could not do with our own server
  [11200, reject(ourWebhook)],
  [11205, reject(ourWebhook)],
  [11750, reject(ourWebhook)],
  [12100, reject(ourWebhook)],
  [12200, reject(ourWebhook)],
  [12300, reject(ourWebhook)],
  [13214, reject(forCalls)],
  [13223, reject(forCalls)],
  [13224, reject(forCalls)],
  [13227, reject(forCalls)],
])
