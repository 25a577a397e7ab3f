/** Calls through Twilio: who may tell us about one, what is told, and what the caller hears. */
import type { Telephony } from '../../ports/telephony.ts'
import { isSigned } from './signature.ts'
import { parseVoice } from './voice-parse.ts'
import { renderTwiml } from './voice-twiml.ts'

export const twilioVoice: Telephony = {
  provider: 'twilio',
  verify: isSigned,
  parse: parseVoice,
  render: (answer) => ({ contentType: 'text/xml; charset=utf-8', body: renderTwiml(answer) }),
}
