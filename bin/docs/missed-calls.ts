/** docs/missed-calls.md from the table of decisions. */
import type { Rule } from '../../src/calls/decision.ts'
import { generated } from './generated.ts'

const texting = {
  none: 'no',
  now: 'at once',
  later: 'when quiet hours end',
  refused: 'kept as not sent',
} as const

export function renderMissedCalls(rules: readonly Rule[], version: number): string {
  const rows = rules.map(({ rule, text, wording, lead, alert, means }) => {
    const words = text === 'now' && wording === 'after_hours' ? 'at once, the one for closed hours' : texting[text]
    return `| \`${rule}\` | ${means} | ${words} | ${lead ? 'yes' : 'no'} | ${alert ? 'yes' : 'no'} |`
  })
  return `${generated('src/calls/decision.ts and bin/docs/missed-calls.ts')}
# Missed calls

A caller whom nobody answers gets a text, once, within seconds. Call, conversation, lead and text point at each other; \`GET
/api/calls/{id}/story\` shows them together and says why. \`POST /api/calls/preview\` says what would happen to a call.

## What happens to a call

The first line that fits counts. Its name, the version of the table (${version}) and what it was decided by are kept with the call; name and
version with the text as well (\`message_tracking.metadata\`).

| Rule | When | Text | Lead | Somebody is told |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

A lead is the one of the contact that is not at its end, wherever it began; a call makes one where there is none. "Somebody is told"
is the event \`call.alert\`, and the conversation is unread: the caller waits and was not texted. The same happens where a text failed for good
(a landline); that number is not texted again, and a failed text is not sent again.

## How it is known that a call was missed

Three things tell, and the stronger word counts, in whatever order and however often they come:

1. How ringing the business ended. Answered and connected is answered; answered and not connected is voicemail.
2. How the caller's leg ended, where it was never answered by anything.
3. Silence: the leg has ended as completed and for 15 seconds nothing was told of ringing the business; or nothing at all was told for
   five minutes after it should have stopped ringing. Who was seen to pick up has answered.

Voicemail that picks up is answered and connected as far as the provider knows. Either \`ringSeconds\` stays below the time after which it does, or
\`answerByKey\` asks whoever picks up for a key.

## Settings

\`GET\` and \`PATCH /api/business/calls\`, with what each means in the [API](api.md).
`
}
