/** What an address at Twilio needs before it works, and how to get it; setup.md is the long form. */
import type { SetupFacts, SetupStep } from '../../ports/channel.ts'

type Step = [id: string, done: boolean, title: string, missing: string, how: string, optional?: 'optional']

/** Of SMS, and of WhatsApp through Twilio. */
export const setupOf =
  (channel: 'sms' | 'whatsapp') =>
  (facts: SetupFacts): SetupStep[] => {
    const { account, webhookUrl } = facts
    const works = account?.state === 'connected' || account?.state === 'degraded'
    const number = channel === 'sms' ? 'number' : 'WhatsApp sender'
    const steps: Step[] = [
      [
        'number',
        account !== null,
        `A ${number} is connected`,
        `There is no ${number} of Twilio yet.`,
        'Enter the number with the SID of the Twilio account that it is in, and its auth token.',
      ],
      [
        'token',
        works,
        'Twilio takes the credentials',
        account?.stateText ?? 'Nobody asked Twilio yet whether the credentials are good.',
        'Copy account SID and auth token from the first page of the Twilio console, store them here, then check again.',
      ],
      [
        'auth_token',
        facts.hasSecret,
        'What Twilio delivers can be checked',
        'The auth token is missing: everything that Twilio delivers is refused.',
        'Enter it with the number. An API key is not enough: only the token signs.',
      ],
      [
        'public_address',
        facts.reachable,
        'Twilio can reach this server',
        `${webhookUrl} cannot be reached from outside.`,
        'Whoever runs this server puts it behind https and sets PUBLIC_URL to that address, exactly as Twilio calls it.',
      ],
      [
        'webhook_received',
        facts.received,
        'Messages arrive',
        'Nothing has come from a customer yet.',
        facts.setHere
          ? 'Parley told Twilio where to deliver when it bought the number. Write to it from a phone. If nothing arrives, check below whether Twilio still has it so.'
          : channel === 'sms'
            ? `In the Twilio console open the number, and under Messaging set "A message comes in" to ${webhookUrl} with HTTP POST; where the number is in a messaging service, set it there under Integration. Then write to it from a phone.`
            : `In the Twilio console open the WhatsApp sender and set its webhook for incoming messages to ${webhookUrl} with HTTP POST. Then write to it from a phone.`,
      ],
      [
        'message_sent',
        facts.sent,
        'Messages go out',
        'Nothing has been sent yet.',
        'Send yourself a test message.',
        'optional',
      ],
    ]
    if (channel === 'whatsapp')
      steps.push([
        'templates',
        facts.templates,
        'There is a template for beginning a conversation',
        'No approved template is here: customers who have not written in the last 24 hours cannot be reached.',
        'Make one in the Twilio console under Content Template Builder and put it forward to WhatsApp; when it is approved, synchronise the templates.',
        'optional',
      ])
    return steps.map(([id, done, title, missing, how, optional]) => ({
      id,
      done,
      title,
      missing: done ? null : missing,
      how: done ? null : how,
      optional: optional !== undefined,
    }))
  }
