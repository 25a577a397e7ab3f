/** The right pane: the person, their other conversations, the files, and why a message went as it went. */
import type { Conversation } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { Chips } from '../../labels/Chips.tsx'
import { useConversation } from '../thread/useThread.ts'
import { Consent } from './Consent.tsx'
import css from './context.module.css'
import { Files } from './Files.tsx'
import { Leads } from './Leads.tsx'
import { Others } from './Others.tsx'
import { Person } from './Person.tsx'
import { PersonHold } from './PersonHold.tsx'
import { Why } from './Why.tsx'

function Labelled({ conversation }: { conversation: Conversation }) {
  const { t } = useText()
  if (conversation.labelIds.length === 0) return null
  return (
    <section className={css.part} aria-label={t('labels.title')}>
      <h3 className={css.title}>{t('labels.title')}</h3>
      <Chips conversation={conversation} wrap />
    </section>
  )
}

export function Context({
  conversationId,
  why,
  onCloseWhy,
}: {
  conversationId: string
  why: string | null
  onCloseWhy: () => void
}) {
  const { t } = useText()
  const { data } = useConversation(conversationId)
  return (
    <aside className={css.pane} aria-label={t('context.label')}>
      {why && <Why key={why} messageId={why} conversationId={conversationId} onClose={onCloseWhy} />}
      {data && (
        <>
          <Person contactId={data.contact.id} link />
          <Consent contactId={data.contact.id} />
          <Leads contactId={data.contact.id} />
          <Labelled conversation={data} />
          <Others contactId={data.contact.id} except={conversationId} title={t('context.others')} />
          <PersonHold contactId={data.contact.id} />
          <Files conversationId={conversationId} />
        </>
      )}
    </aside>
  )
}
