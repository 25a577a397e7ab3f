/** The left pane: tabs, search, rows. */
import { ActionIcon, CloseButton, TextInput, Tooltip } from '@mantine/core'
import IconFilter from '@tabler/icons-react/dist/esm/icons/IconFilter.mjs'
import IconMessagePlus from '@tabler/icons-react/dist/esm/icons/IconMessagePlus.mjs'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { ConversationCounts } from '../../../../client/index.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import { useKeys } from '../../app/keyboard.ts'
import { overlay } from '../../app/overlay.ts'
import { reasonOf } from '../../app/reason.ts'
import { type InboxSearch, type Tab, tabs } from '../../app/search.ts'
import { Empty, Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { filterOf } from './filters.ts'
import css from './list.module.css'
import { isNarrowed, Narrow } from './Narrow.tsx'
import { RowSkeletons } from './RowSkeletons.tsx'
import { Rows } from './Rows.tsx'
import { useConversationList } from './useConversationList.ts'
import { shownCount, useCounts } from './useCounts.ts'

interface Props {
  search: InboxSearch
  selected: string | null
}

export function ConversationList({ search, selected }: Props) {
  const { tab = 'open', q = '' } = search
  const { t } = useText()
  const { session } = useConsole()
  const filter = filterOf(search)
  const counts = useCounts()
  const [narrowing, setNarrowing] = useState(isNarrowed(search))
  const { list, query, loadMore, further } = useConversationList(filter)
  return (
    <section className={css.pane} aria-label={t('list.label')}>
      <header className={css.head}>
        <div className={css.titleLine}>
          <h1 className={css.title}>{t('nav.inbox')}</h1>
          <span>
            <Tooltip label={t('narrow.title')}>
              <ActionIcon
                variant={isNarrowed(search) ? 'light' : 'subtle'}
                color={isNarrowed(search) ? undefined : 'gray'}
                aria-label={t('narrow.title')}
                aria-expanded={narrowing}
                onClick={() => setNarrowing(!narrowing)}
              >
                <IconFilter size={18} stroke={1.7} aria-hidden />
              </ActionIcon>
            </Tooltip>
            {mayWrite(session) && (
              <Tooltip label={t('list.start')}>
                <ActionIcon variant="subtle" color="gray" aria-label={t('list.start')} onClick={() => overlay.set('start')}>
                  <IconMessagePlus size={18} stroke={1.7} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
          </span>
        </div>
        <SearchBox q={q} />
        {narrowing && <Narrow search={search} tab={tab} />}
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
              <TabCount tab={one} counts={counts} />
            </Link>
          ))}
        </nav>
      </header>
      {query.isPending && <RowSkeletons />}
      {query.isError && !list && (
        <Failed text={t('list.failed')} reason={reasonOf(query.error, t)} onRetry={() => void query.refetch()} />
      )}
      {list?.items.length === 0 && !selected && <Nothing tab={tab} searching={q.trim() !== '' || isNarrowed(search)} />}
      {list && (list.items.length > 0 || selected) && (
        <Rows
          key={JSON.stringify(filter)}
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

function TabCount({ tab, counts }: { tab: Tab; counts: ConversationCounts | undefined }) {
  const { t } = useText()
  if (!counts || tab === 'closed' || tab === 'all') return null
  const shown = shownCount(counts[tab])
  return (
    shown && (
      <span className={css.count} data-testid={`count-${tab}`}>
        <span aria-hidden>{shown}</span>
        <span className="visually-hidden">{t('list.count', { n: shown })}</span>
      </span>
    )
  )
}

function Nothing({ tab, searching }: { tab: Tab; searching: boolean }) {
  const { t } = useText()
  const key = searching ? 'search' : tab === 'all' ? 'open' : tab
  return <Empty title={t(`list.empty.${key}`)} text={t(`list.empty.${key}.text`)} />
}

/** Typing asks the server after a short rest, and the address follows. */
function SearchBox({ q }: { q: string }) {
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
        search: (before) => ({ ...before, message: undefined, q: typed.trim() || undefined }),
        replace: true,
      })
    }, 200)
    return () => clearTimeout(timer)
  }, [typed, q, navigate])
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
