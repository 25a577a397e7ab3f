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
/api/calls/{id}/story\` shows them together and says why. \`POST /api/calls/preview\` says what would happen to a call, \`GET /api/calls/rules\` has this table.

## What happens to a call

The first line that fits counts. Its name, the version of the table (${version}) and what it was decided by are kept with the call; name and
version with the text as well (\`message_tracking.metadata\`).

| Rule | When | Text | Lead | Somebody is told |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

A lead is the one of the contact that is not at its end, wherever it began; a call makes one where there is none. "Somebody is told"
is the event \`call.alert\`, and the conversation is unread: the caller waits and was not texted. The same happens where a text failed for good
(a landline); that number is not texted again, and a failed text is not sent again. A text that could
not go out within the hour, or before quiet hours begin, because the account could not send, fails as \`too_late\` once it could, and somebody is told after an hour.

## How it is known that a call was missed

Three things tell, and the stronger word counts, in whatever order and however often they come:

1. How ringing the business ended. Answered and connected is answered; answered and not connected is voicemail.
2. How the caller's leg ended, where it was never answered by anything.
3. Silence, where the provider has nothing on record either: the leg has ended as completed and for 15 seconds nothing was told of ringing the business; or nothing at all was told for
   five minutes after it should have stopped ringing. Who was seen to pick up has answered.

A server that was away hears nothing. Every ten minutes the provider is asked for its record of calls to each number that it announces here: one that was
never told of is taken in with the time at which it began, one of whose end nothing was told is settled by the record. Nothing else changes by it,
however often it is asked. A caller of less than an hour ago has their text; for an earlier one there is a lead, and somebody is told (\`too_late\`).

Voicemail that picks up is answered and connected as far as the provider knows. Either \`ringSeconds\` stays below the time after which it does, or
\`answerByKey\` asks whoever picks up for a key.

## Settings

_Settings → Calls_ in the console; \`GET\` and \`PATCH /api/business/calls\`, with what each means in the [API](api.md). Owners and admins change
them. \`GET /api/business/calls/standards\` has what they are as long as nothing is changed, with the standard texts in five languages, and
\`POST /api/business/calls/measure\` says how long a text is once \`[BUSINESS]\` and \`[TRADE]\` are filled in.

## Trying it

The page shows below its settings what would happen to a call: who calls, how it ends, on which day and at which time in the business's zone. The
answer is the server's own (\`POST /api/calls/preview\`): whether a text goes, which and when, the line of the table and why. It goes by what is on the
page, saved or not (\`settings\`); \`local\` is a time on the business's clock, \`landline\` asks as if the number took no texts. Of a text that waits for
quiet hours to end it says the words of the hour at which it goes. Nothing is written and nothing is sent.
`
}
