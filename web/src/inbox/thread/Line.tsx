/** Lines between the bubbles: what the system tells, and what happened to the conversation. */
import type { Message } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import type { TextKey, Translate } from '../../text/t.ts'
import { clockTime, longTime } from '../../text/time.ts'
import { fieldsOf } from './bodies/fields.ts'
import css from './bubble.module.css'

export function Line({ message }: { message: Message }) {
  const { t, clock } = useText()
  const { session } = useConsole()
  // An appointment is by the clocks of the place where it is.
  const when = (at: string) => longTime({ ...clock, timeZone: session.tenant.timezone }, at)
  return (
    <div
      className={css.line}
      data-row={message.id}
      data-testid="message-bubble"
      data-message-id={message.id}
      data-type={message.type}
      data-status={message.status ?? ''}
    >
      <span dir="auto">{words(message, { me: session.user.id, t, when })}</span>{' '}
      <time dateTime={message.occurredAt}>{clockTime(clock, message.occurredAt)}</time>
    </div>
  )
}

interface Reader {
  me: string
  t: Translate
  when: (at: string) => string
}

function words(message: Message, reader: Reader): string {
  const { t } = reader
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
  return activity(event.replace(/^conversation[._]/, ''), message, reader)
}

function activity(event: string, message: Message, { me, t, when }: Reader): string {
  const data = fieldsOf(message.body).object('data')
  const who = message.author?.id === me ? t('sender.you') : (message.author?.name ?? t('activity.someone'))
  if (event === 'closed') return t('activity.closed', { who })
  if (event === 'reopened' || event === 'opened') return t('activity.reopened')
  const assignee = data.object('assignee').text('name') ?? data.text('assigneeName') ?? data.text('name')
  if (event === 'assigned' && assignee) return t('activity.assigned', { who, name: assignee })
  if (event === 'unassigned') return t('activity.unassigned', { who })
  const to = owners[data.text('to') ?? '']
  if (event === 'handed_over' && to)
    return message.author?.name ? t('activity.handed_over', { who, to: t(to) }) : t('activity.went_to', { to: t(to) })
  const moved = data.text('to')
  if (event === 'lead_moved' && moved) return t('activity.lead_moved', { who, to: t(`leads.status.${moved}` as TextKey) })
  const [startsAt, staff] = [data.text('startsAt'), data.text('staff')]
  if ((event === 'booked' || event === 'booking_moved' || event === 'booking_cancelled') && startsAt && staff)
    return t(`activity.${event}`, { who, time: when(startsAt), name: staff })
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
