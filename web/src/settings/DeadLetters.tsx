import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DeadLetterItem, DeadLetterReason, DeadLetterState, ListDeadLetters } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { fullTime } from '../text/time.ts'
import { DeadLetterPage } from './DeadLetterPage.tsx'
import { ManyLetters } from './ManyLetters.tsx'
import { Head } from './parts.tsx'
import css from './settings.module.css'

const PAGE = 50
const states: DeadLetterState[] = ['open', 'waiting', 'replayed', 'discarded']

/** The list, or one of it: what was chosen takes its place, so that it has the whole width of a phone too. */
export function DeadLetters() {
  const { api } = useConsole()
  const { t } = useText()
  const [shown, setShown] = useState<string | null>(null)
  const [state, setState] = useState<DeadLetterState>('open')
  const [reason, setReason] = useState<DeadLetterReason | ''>('')
  const [source, setSource] = useState('')
  const filter: ListDeadLetters = { state, ...(reason ? { reason } : {}), ...(source ? { source } : {}) }
  const counts = useQuery({
    queryKey: [...keys.deadLetters, 'counts'],
    queryFn: ({ signal }) => api.deadLetters.counts({ signal }),
    staleTime: 0,
  })
  const list = useInfiniteQuery({
    queryKey: [...keys.deadLetters, 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      api.deadLetters.list({ ...filter, limit: PAGE, cursor: pageParam ?? undefined }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  })
  if (shown) return <DeadLetterPage id={shown} onBack={() => setShown(null)} />
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const filtered = state !== 'open' || reason !== '' || source !== ''
  return (
    <>
      <Head title={t('settings.letters')} lead={t('letters.text')} />
      {counts.data?.alarm && (
        <p role="alert" className={css.alarm}>
          {t('letters.alarm', { n: counts.data.open })}
        </p>
      )}
      <div className={css.inline}>
        <NativeSelect
          size="xs"
          label={t('letters.state')}
          value={state}
          onChange={(event) => setState(states.find((one) => one === event.currentTarget.value) ?? 'open')}
          data={states.map((one) => ({ value: one, label: t(`letters.state.${one}`) }))}
        />
        <NativeSelect
          size="xs"
          label={t('letters.reason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as DeadLetterReason | '')}
          data={[
            { value: '', label: t('letters.reason.any') },
            ...(counts.data?.reasons ?? []).map((one) => ({
              value: one.reason,
              label: `${t(`letters.reason.${one.reason}`)} (${one.count})`,
            })),
          ]}
        />
        <NativeSelect
          size="xs"
          label={t('letters.source')}
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
          data={[
            { value: '', label: t('letters.source.any') },
            ...(counts.data?.sources ?? []).map((one) => ({ value: one.source, label: `${one.source} (${one.count})` })),
          ]}
        />
      </div>
      {state === 'open' && items.length > 0 && <ManyLetters reason={reason || undefined} source={source || undefined} />}
      {list.isPending && <Skeleton height={240} radius={12} />}
      {list.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(list.error, t)} onRetry={() => void list.refetch()} />
      )}
      {list.data && items.length === 0 && (
        <Empty
          title={t(filtered ? 'letters.none.filter' : 'letters.none')}
          text={filtered ? undefined : t('letters.none.text')}
        />
      )}
      {items.length > 0 && (
        <ul className={`${css.card} ${css.lines}`} data-testid="dead-letters">
          {items.map((one) => (
            <Line key={one.id} one={one} onOpen={() => setShown(one.id)} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
    </>
  )
}

function Line({ one, onOpen }: { one: DeadLetterItem; onOpen: () => void }) {
  const { t, clock } = useText()
  return (
    <li className={css.line} data-off={one.resolvedAt ? true : undefined}>
      <button type="button" className={css.lineButton} onClick={onOpen}>
        <strong>{t(`letters.reason.${one.reason}`)}</strong>
        {one.error && <span dir="auto">{one.error}</span>}
        <small>
          <bdi>{[one.source, one.about].filter(Boolean).join(' · ')}</bdi>
          {' · '}
          {t('letters.came', { time: fullTime(clock, one.createdAt) })}
          {one.nextTryAt && ` · ${t('letters.next', { time: fullTime(clock, one.nextTryAt) })}`}
        </small>
      </button>
      <span className={css.state} data-state={one.state}>
        {t(`letters.state.${one.state}`)}
      </span>
    </li>
  )
}
