/** Calls through Twilio: who may tell us about one, what is told, and what the caller hears. */
import type { Telephony } from '../../ports/telephony.ts'
import type { ClientDeps } from './client.ts'
import { isSigned } from './signature.ts'
import { listCalls, recordOf } from './voice-list.ts'
import { parseVoice } from './voice-parse.ts'
import { renderTwiml } from './voice-twiml.ts'

/** With what of the client is not left to itself; without it nothing is asked. */
export const createTwilioVoice = (deps: Pick<ClientDeps, 'fetch' | 'publicUrl'>): Telephony => {
  const asking = { now: () => new Date(), random: Math.random, ...deps }
  return {
    ...twilioVoice,
    list: (account, given) => listCalls(asking, account, given),
    recordOf: (account, given) => recordOf(asking, account, given),
  }
}

export const twilioVoice: Telephony = {
  provider: 'twilio',
  verify: isSigned,
  parse: parseVoice,
  render: (answer) => ({ contentType: 'text/xml; charset=utf-8', body: renderTwiml(answer) }),
}
