/** The right pane: the person, their other conversations, the files, and why a message went as it went. */
import { useText } from '../../app/text.tsx'
import { useConversation } from '../thread/useThread.ts'
import css from './context.module.css'
import { Files } from './Files.tsx'
import { Others } from './Others.tsx'
import { Person } from './Person.tsx'
import { Why } from './Why.tsx'

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
          <Others contactId={data.contact.id} except={conversationId} title={t('context.others')} />
          <Files conversationId={conversationId} />
        </>
      )}
    </aside>
  )
}
