/** What Twilio says when a number cannot be bought, set up or given back: by code, in words for a shopkeeper. */
import { cut } from '../../kernel/read.ts'
import { maxDetail } from '../../ports/failure-rows.ts'
import type { NotDone } from '../../ports/number-seller.ts'
import type { TwilioAnswer } from './client.ts'

type Row = Pick<NotDone, 'outcome' | 'text'>
const reject = (text: string): Row => ({ outcome: 'reject', text })
const address =
  'The country asks for an address of the business. Enter one in the Twilio console (Phone Numbers → Regulatory compliance → Addresses), and give its SID (AD…) with the number.'

const rows: ReadonlyMap<number, Row> = new Map([
  [20003, { outcome: 'reconnect', text: 'Twilio does not take the credentials any more. Enter the auth token again.' }],
  [20005, { outcome: 'retry', text: 'The Twilio account is not active. See its billing in the Twilio console.' }],
  [20429, { outcome: 'retry', text: 'Twilio asks to go more slowly.' }],
  [21404, reject('A trial account has one number at most. Upgrade the Twilio account, or give back the number it has.')],
  [21421, reject('Twilio does not know this number. Search again and choose another one.')],
  [21422, reject('Somebody else has bought this number meanwhile. Search again and choose another one.')],
  [21452, reject('Twilio has no number left in this area. Search in another one.')],
  [21615, reject(address)],
  [21631, reject(address)],
  [
    21649,
    reject(
      'The country asks for papers of the business. Put them together in the Twilio console (Phone Numbers → Regulatory compliance → Bundles); when the bundle is approved, give its SID (BU…) with the number.',
    ),
  ],
  [21712, reject('The number is in another messaging service. Take it out of that one in the Twilio console.')],
])

export function notDone(answer: Exclude<TwilioAnswer, { kind: 'ok' }>): NotDone {
  if (answer.kind === 'unsent') return { outcome: 'retry', code: answer.code, text: 'Twilio could not be reached.' }
  if (answer.kind === 'unknown') return { outcome: 'unknown', code: answer.code, text: 'Twilio did not answer.' }
  const { code, status, detail, retryAfterMs } = answer.refusal
  const row = (code === undefined ? undefined : rows.get(code)) ?? byStatus(status, detail, code)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  return { ...row, code: code === undefined ? `http_${status}` : String(code), ...wait }
}

function byStatus(status: number, detail: string | undefined, code: number | undefined): Row {
  if (status === 429) return { outcome: 'retry', text: 'Twilio asks to go more slowly.' }
  if (status === 401 || status === 403)
    return { outcome: 'reconnect', text: 'Twilio refuses the access. Enter the credentials again.' }
  if (status >= 300 && status < 400) return { outcome: 'reconnect', text: 'The address of Twilio in the settings is wrong.' }
  // No word of Twilio's, which gives a code: of somebody in between, who does not know what was done.
  if (code === undefined) return { outcome: 'unknown', text: 'Twilio gave no usable answer.' }
  return reject(detail ? `Twilio refused it: ${cut(detail, maxDetail)}` : 'Twilio refused it.')
}
