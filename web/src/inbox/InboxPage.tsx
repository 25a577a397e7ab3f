/** Three panes: list, thread, context. Narrow, the context is a drawer; on a phone there is one pane at a time. */

import { useMediaQuery } from '@mantine/hooks'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Suspense, useState } from 'react'
import { useKeys } from '../app/keyboard.ts'
import { part } from '../app/part.ts'
import { remember, remembered } from '../app/remember.ts'
import { Empty } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import css from './inbox.module.css'
import { ConversationList } from './list/ConversationList.tsx'

const Thread = part(async () => (await import('./thread/Thread.tsx')).Thread)
const Context = part(async () => (await import('./context/Context.tsx')).Context)
const ContextDrawer = part(async () => (await import('./context/ContextDrawer.tsx')).ContextDrawer)

export function InboxPage() {
  const { t } = useText()
  const navigate = useNavigate()
  const search = useSearch({ from: '/inbox' })
  const { conversationId } = useParams({ strict: false })
  const wide = useMediaQuery('(min-width: 1101px)', true, { getInitialValueInEffect: false })
  const [beside, setBeside] = useState(() => remembered('context') !== 'hidden')
  const [drawer, setDrawer] = useState(false)
  const [why, setWhy] = useState<{ conversationId: string; messageId: string } | null>(null)

  const back = () => void navigate({ to: '/inbox', search: { ...search, message: undefined } })
  useKeys({ escape: () => (drawer ? setDrawer(false) : conversationId && back()) })

  const toggle = () => {
    if (!wide) return setDrawer((before) => !before)
    remember('context', beside ? 'hidden' : null)
    setBeside(!beside)
  }
  const askWhy = (id: string) => {
    if (conversationId) setWhy({ conversationId, messageId: id })
    if (wide) setBeside(true)
    else setDrawer(true)
  }
  const asked = why?.conversationId === conversationId ? (why?.messageId ?? null) : null
  const shown = conversationId !== undefined
  return (
    <div className={css.panes} data-pane={shown ? 'thread' : 'list'} data-context={(shown && wide && beside) || undefined}>
      <ConversationList search={search} selected={conversationId ?? null} />
      <div className={css.thread}>
        {conversationId ? (
          <Suspense>
            <Thread
              key={conversationId}
              conversationId={conversationId}
              messageId={search.message ?? null}
              onBack={back}
              onDetails={toggle}
              onWhy={askWhy}
            />
          </Suspense>
        ) : (
          <Empty title={t('pick.title')} text={t('pick.text')} />
        )}
      </div>
      {conversationId && (
        <Suspense>
          {wide && beside && (
            <Context key={conversationId} conversationId={conversationId} why={asked} onCloseWhy={() => setWhy(null)} />
          )}
          {!wide && (
            <ContextDrawer opened={drawer} onClose={() => setDrawer(false)}>
              <Context key={conversationId} conversationId={conversationId} why={asked} onCloseWhy={() => setWhy(null)} />
            </ContextDrawer>
          )}
        </Suspense>
      )}
    </div>
  )
}
