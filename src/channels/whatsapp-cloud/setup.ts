/** What a WhatsApp number needs before it works, and how to get it; setup.md is the long form. */
import type { SetupFacts, SetupStep } from '../../ports/channel.ts'

type Step = [id: string, done: boolean, title: string, missing: string, how: string, optional?: 'optional']

export function setup(facts: SetupFacts): SetupStep[] {
  const { account, webhookUrl } = facts
  const works = account?.state === 'connected' || account?.state === 'degraded'
  const steps: Step[] = [
    [
      'number',
      account !== null,
      'A number is connected',
      'There is no WhatsApp number yet.',
      'Sign up with WhatsApp, or enter the phone number id, the WhatsApp Business account id and a token of a system user.',
    ],
    [
      'token',
      works,
      'WhatsApp takes the token',
      account?.stateText ?? 'Nobody asked WhatsApp yet whether the token is good.',
      'In the Business settings under System users make a token that never expires, with whatsapp_business_messaging and whatsapp_business_management, store it here, then check again.',
    ],
    [
      'business_account',
      (account?.owner ?? null) !== null,
      'The WhatsApp Business account is known',
      'Its id is missing: templates and news about the account need it.',
      'It stands in the WhatsApp Manager under Account settings. Enter it with the number.',
    ],
    [
      'app_secret',
      facts.hasSecret,
      'What WhatsApp delivers can be checked',
      'The app secret is missing: everything that WhatsApp delivers is refused.',
      'Copy it from the Meta app under App settings, Basic, and enter it with the number.',
    ],
    [
      'public_address',
      facts.reachable,
      'WhatsApp can reach this server',
      `${webhookUrl} cannot be reached from outside.`,
      'Whoever runs this server puts it behind https and sets PUBLIC_URL to that address.',
    ],
    [
      'webhook_received',
      facts.received,
      'Messages arrive',
      'Nothing has come from a customer yet.',
      `In the Meta app under WhatsApp, Configuration enter ${webhookUrl} and the verify token, subscribe to the field messages, and subscribe the app to the account. Then write to the number from a phone.`,
    ],
    [
      'message_sent',
      facts.sent,
      'Messages go out',
      'Nothing has been sent yet.',
      'Write to the number from your own phone, then send yourself a test message.',
      'optional',
    ],
    [
      'templates',
      facts.templates,
      'There is a template for beginning a conversation',
      'No approved template is here: customers who have not written in the last 24 hours cannot be reached.',
      'Make one in the WhatsApp Manager; when it is approved, synchronise the templates.',
      'optional',
    ],
  ]
  return steps.map(([id, done, title, missing, how, optional]) => ({
    id,
    done,
    title,
    missing: done ? null : missing,
    how: done ? null : how,
    optional: optional !== undefined,
  }))
}
