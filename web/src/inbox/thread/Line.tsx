/** Lines between the bubbles: what the system tells, and what happened to the conversation. */
import type { Message } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import type { TextKey, Translate } from '../../text/t.ts'
import { clockTime } from '../../text/time.ts'
import { fieldsOf } from './bodies/fields.ts'
import css from './bubble.module.css'

export function Line({ message }: { message: Message }) {
  const { t, clock } = useText()
  const { session } = useConsole()
  return (
    <div
      className={css.line}
      data-row={message.id}
      data-testid="message-bubble"
      data-message-id={message.id}
      data-type={message.type}
      data-status={message.status ?? ''}
    >
      <span dir="auto">{words(message, session.user.id, t)}</span>{' '}
      <time dateTime={message.occurredAt}>{clockTime(clock, message.occurredAt)}</time>
    </div>
  )
}

function words(message: Message, me: string, t: Translate): string {
  const body = fieldsOf(message.body)
  if (message.type === 'reaction') {
    const emoji = body.text('emoji')
    return emoji ? t('message.reaction', { emoji }) : t('message.reactionBack')
  }
  if (message.type === 'edit') return [t('message.editAlone'), message.text].filter(Boolean).join(': ')
  if (message.type === 'revoke') return t('message.revokeAlone')
  const event = body.text('event') ?? ''
  if (message.type === 'system') {
    const known: Record<string, TextKey> = {
      number_changed: 'system.number_changed',
      identity_changed: 'system.identity_changed',
    }
    const key = known[event]
    const told = body.text('text') ?? message.text
    return [key ? t(key) : null, told].filter(Boolean).join(': ') || readable(event)
  }
  return activity(event.replace(/^conversation[._]/, ''), message, me, t)
}

function activity(event: string, message: Message, me: string, t: Translate): string {
  const data = fieldsOf(message.body).object('data')
  const who = message.author?.id === me ? t('sender.you') : (message.author?.name ?? t('activity.someone'))
  if (event === 'closed') return t('activity.closed', { who })
  if (event === 'reopened' || event === 'opened') return t('activity.reopened')
  const assignee = data.object('assignee').text('name') ?? data.text('assigneeName') ?? data.text('name')
  if (event === 'assigned' && assignee) return t('activity.assigned', { who, name: assignee })
  if (event === 'unassigned') return t('activity.unassigned', { who })
  const to = owners[data.text('to') ?? '']
  if (event === 'handed_over' && to) return t('activity.handed_over', { who, to: t(to) })
  const outcome = data.text('outcome')
  if (event === 'missed_call' && outcome)
    return t('activity.missed_call', { outcome: t(`calls.outcome.${outcome}` as TextKey) })
  return message.text ?? readable(event)
}

/** Who can have a conversation. */
const owners: Record<string, TextKey> = {
  human: 'sender.human',
  agent: 'sender.agent',
  ai: 'sender.ai',
  bot: 'sender.automation',
  none: 'sender.nobody',
}

/** A word of the server that is not in the catalogue is shown as it is, only with spaces. */
const readable = (event: string) => event.replaceAll(/[._]/g, ' ')
