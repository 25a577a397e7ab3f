/** Where answers and notes are written. What may be written here depends on the window, the channel and the person. */

import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import type { Contact, Conversation, Template } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { useNow } from '../../app/now.ts'
import { part } from '../../app/part.ts'
import { useText } from '../../app/text.tsx'
import { replyWindow } from '../../rules/replyWindow.ts'
import { type PlaceValues, parametersOf, textOf } from '../../rules/templatePreview.ts'
import { channelName } from '../ChannelMark.tsx'
import css from './composer.module.css'
import { ModeSwitch } from './ModeSwitch.tsx'
import { useAccount } from './useAccount.ts'
import type { Draft } from './useDraft.ts'
import { WriteBox } from './WriteBox.tsx'

const TemplatePicker = part(async () => (await import('./TemplatePicker.tsx')).TemplatePicker)

export function Composer({ conversation, draft, lastSeq }: { conversation: Conversation; draft: Draft; lastSeq: number }) {
  const { t } = useText()
  const { session, outbox } = useConsole()
  const now = useNow()
  const account = useAccount(conversation.account.id)
  const closedByServer = useWindowRefused(conversation)
  const [asksTemplate, setAsksTemplate] = useState(false)
  const contact = useContact(conversation.contact.id)
  const left = replyWindow(conversation, now, account?.capabilities.windowHours)
  const shut = left.state === 'closed' || closedByServer
  const note = draft.content.note
  if (session.role === 'viewer') return <p className={css.notice}>{t('composer.viewer')}</p>
  if (session.tenant.suspended) return <p className={css.notice}>{t('composer.suspended')}</p>

  const sendTemplate = (template: Template, values: PlaceValues) => {
    outbox.add({
      key: crypto.randomUUID(),
      conversationId: conversation.id,
      body: { type: 'template', name: template.name, language: template.language, parameters: parametersOf(template, values) },
      replyTo: null,
      preview: textOf(template, values),
      afterSeq: lastSeq,
    })
    setAsksTemplate(false)
  }
  const channel = channelName(conversation.channel)
  const never = conversation.windowExpiresAt === null
  const outOn = (contact?.consents ?? []).flatMap((one) =>
    one.topic === 'all' && one.state === 'opted_out' ? [one.channel] : [],
  )
  const elsewhere = outOn.filter((one) => one !== conversation.channel)
  const registration = account?.registration.state
  const unregistered = (registration === 'pending' || registration === 'rejected') && contact?.phone?.startsWith('+1')
  const reason =
    contact?.status === 'blocked'
      ? t('composer.blocked')
      : outOn.includes(conversation.channel)
        ? t('composer.optedOut')
        : account?.state === 'held'
          ? t('composer.held', { reason: account.stateText ?? '' })
          : null
  const picker = (shut || asksTemplate) && !note && !reason
  return (
    <div className={css.composer} data-note={note || undefined}>
      <ModeSwitch note={note} onChange={(next) => draft.open(next ? 'note' : 'reply')} />
      {!note && reason && (
        <p className={css.notice} role="status">
          {reason}
        </p>
      )}
      {!note && !reason && unregistered && <p className={css.notice}>{t('composer.registration')}</p>}
      {!note && !reason && elsewhere.length > 0 && (
        <p className={css.notice}>{t('composer.optedOutElsewhere', { channels: elsewhere.map(channelName).join(', ') })}</p>
      )}
      {picker && (
        <Suspense>
          <TemplatePicker
            accountId={conversation.account.id}
            why={shut ? t(never ? 'composer.windowNever' : 'composer.windowClosed', { channel }) : null}
            onSend={sendTemplate}
            onCancel={shut ? null : () => setAsksTemplate(false)}
          />
        </Suspense>
      )}
      {(note || (!picker && !reason)) && (
        <WriteBox
          conversation={conversation}
          account={account}
          draft={draft}
          lastSeq={lastSeq}
          onTemplate={account?.capabilities.templates ? () => setAsksTemplate(true) : null}
        />
      )}
    </div>
  )
}

/** The server's clock decides about the window: what it refused counts, until the customer writes again. */
function useWindowRefused(conversation: Conversation): boolean {
  const { outbox } = useConsole()
  const refusals = outbox
    .entries()
    .filter((one) => one.conversationId === conversation.id && one.error?.code === 'window_closed' && one.state === 'refused')
  const last = refusals.at(-1)
  if (!last) return false
  // A window that opened after the refusal lasts longer than one that was open then.
  const renewed =
    conversation.lastDirection === 'inbound' && Date.parse(conversation.lastMessageAt ?? '') > Date.parse(last.createdAt)
  return !renewed
}

function useContact(contactId: string): Contact | undefined {
  const { api } = useConsole()
  return useQuery<Contact>({
    queryKey: keys.contact(contactId),
    queryFn: ({ signal }) => api.contacts.get(contactId, { signal }),
  }).data
}
