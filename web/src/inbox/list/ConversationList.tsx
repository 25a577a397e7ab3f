/** The left pane: tabs, search, rows. */
import { ActionIcon, CloseButton, TextInput, Tooltip } from '@mantine/core'
import IconMessagePlus from '@tabler/icons-react/dist/esm/icons/IconMessagePlus.mjs'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { mayWrite, useConsole } from '../../app/context.ts'
import { useKeys } from '../../app/keyboard.ts'
import { overlay } from '../../app/overlay.ts'
import { reasonOf } from '../../app/reason.ts'
import { type Tab, tabs } from '../../app/search.ts'
import { Empty, Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { filterOf } from './filters.ts'
import css from './list.module.css'
import { RowSkeletons } from './RowSkeletons.tsx'
import { Rows } from './Rows.tsx'
import { useConversationList } from './useConversationList.ts'

interface Props {
  tab: Tab
  q: string
  selected: string | null
}

export function ConversationList({ tab, q, selected }: Props) {
  const { t } = useText()
  const { session } = useConsole()
  const filter = filterOf(tab, q)
  const { list, query, loadMore, further } = useConversationList(filter)
  return (
    <section className={css.pane} aria-label={t('list.label')}>
      <header className={css.head}>
        <div className={css.titleLine}>
          <h1 className={css.title}>{t('nav.inbox')}</h1>
          {mayWrite(session) && (
            <Tooltip label={t('list.start')}>
              <ActionIcon variant="subtle" color="gray" aria-label={t('list.start')} onClick={() => overlay.set('start')}>
                <IconMessagePlus size={18} stroke={1.7} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
        <SearchBox q={q} tab={tab} />
        <nav className={css.tabs} aria-label={t('list.label')}>
          {tabs.map((one) => (
            <Link
              key={one}
              to="."
              search={(before) => ({ ...before, tab: one === 'open' ? undefined : one, message: undefined })}
              className={css.tab}
              data-on={one === tab || undefined}
              aria-current={one === tab ? 'page' : undefined}
            >
              {t(`tab.${one}`)}
            </Link>
          ))}
        </nav>
      </header>
      {query.isPending && <RowSkeletons />}
      {query.isError && !list && (
        <Failed text={t('list.failed')} reason={reasonOf(query.error, t)} onRetry={() => void query.refetch()} />
      )}
      {list?.items.length === 0 && !selected && <Nothing tab={tab} searching={q.trim() !== ''} />}
      {list && (list.items.length > 0 || selected) && (
        <Rows
          key={`${tab}|${filter.q}`}
          list={list}
          selected={selected}
          keepOpen={tab === 'unread'}
          loadMore={loadMore}
          failed={further.isError}
          onRetry={() => further.mutate()}
        />
      )}
    </section>
  )
}

function Nothing({ tab, searching }: { tab: Tab; searching: boolean }) {
  const { t } = useText()
  const key = searching ? 'search' : tab === 'all' ? 'open' : tab
  return <Empty title={t(`list.empty.${key}`)} text={t(`list.empty.${key}.text`)} />
}

/** Typing asks the server after a short rest, and the address follows. */
function SearchBox({ q, tab }: { q: string; tab: Tab }) {
  const { t } = useText()
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q)
  const input = useRef<HTMLInputElement>(null)
  useKeys({ '/': () => input.current?.focus() })
  useEffect(() => setTyped(q), [q])
  useEffect(() => {
    if (typed === q) return
    const timer = setTimeout(() => {
      void navigate({
        to: '.',
        search: { ...(tab === 'open' ? {} : { tab }), ...(typed.trim() ? { q: typed.trim() } : {}) },
        replace: true,
      })
    }, 200)
    return () => clearTimeout(timer)
  }, [typed, q, tab, navigate])
  return (
    <TextInput
      ref={input}
      type="search"
      size="xs"
      placeholder={t('list.search')}
      aria-label={t('list.search')}
      leftSection={<IconSearch size={15} stroke={1.8} aria-hidden />}
      rightSection={typed ? <CloseButton size="sm" aria-label={t('list.clear')} onClick={() => setTyped('')} /> : null}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        setTyped('')
        event.currentTarget.blur()
      }}
    />
  )
}
