/** Who rang and how it ended, newest first; beside it the story of the chosen call, from the ring to the job. */
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useKeys } from '../app/keyboard.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { CallRow } from './CallRow.tsx'
import { CallStory } from './CallStory.tsx'
import css from './calls.module.css'

const filters = ['all', 'missed', 'completed'] as const
type Filter = (typeof filters)[number]

export function CallsPage() {
  const { t } = useText()
  const { show } = useSearch({ from: '/calls' })
  const { callId } = useParams({ strict: false })
  const filter: Filter = show ?? 'all'
  return (
    <div className={css.page} data-pane={callId ? 'thread' : 'list'}>
      <section className={css.list} aria-label={t('calls.title')}>
        <h1 className={css.title}>{t('calls.title')}</h1>
        <nav className={css.tabs} aria-label={t('calls.filter')}>
          {filters.map((one) => (
            <Link
              key={one}
              to="/calls"
              search={one === 'all' ? {} : { show: one }}
              replace
              className={css.tab}
              aria-current={one === filter ? 'true' : undefined}
              activeProps={{}}
            >
              {t(`calls.filter.${one}`)}
            </Link>
          ))}
        </nav>
        <Calls filter={filter} selected={callId ?? null} />
      </section>
      <div className={css.one}>{callId ? <CallStory key={callId} id={callId} /> : <Empty title={t('calls.pick')} />}</div>
    </div>
  )
}

function Calls({ filter, selected }: { filter: Filter; selected: string | null }) {
  const { api } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const pages = useInfiniteQuery({
    queryKey: keys.calls(filter),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.calls.list({ ...(filter === 'all' ? {} : { status: filter }), cursor: pageParam }, { signal }),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  const show = filter === 'all' ? undefined : filter
  const calls = pages.data?.pages.flatMap((page) => page.items) ?? []
  const step = (by: 1 | -1) => {
    const next = calls[Math.max(0, calls.findIndex((one) => one.id === selected) + (selected === null && by < 0 ? 0 : by))]
    if (next) void navigate({ to: '/calls/$callId', params: { callId: next.id }, search: show ? { show } : {} })
  }
  useKeys({ j: () => step(1), k: () => step(-1) })
  if (pages.isError && !pages.data) {
    return <Failed text={t('context.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
  }
  if (pages.data && calls.length === 0) return <Empty title={t('calls.empty')} text={t('calls.empty.text')} />
  return (
    <ul className={css.calls}>
      {calls.map((one) => (
        <li key={one.id}>
          <CallRow one={one} selected={one.id === selected} {...(show ? { show } : {})} />
        </li>
      ))}
      {pages.hasNextPage && (
        <li className={css.more}>
          <Button size="xs" variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {t('app.more')}
          </Button>
        </li>
      )}
    </ul>
  )
}
