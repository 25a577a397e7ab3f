import { Button, Loader } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { SearchHit } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { beginningOf, type MessageSearch } from '../app/messageSearch.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { ChannelMark } from '../inbox/ChannelMark.tsx'
import { Face } from '../inbox/Face.tsx'
import { nameOf } from '../inbox/person.ts'
import { piecesOf } from '../rules/highlights.ts'
import { listTime, shortDate } from '../text/time.ts'
import css from './search.module.css'

/** Each question of the server ends after a moment; so many are asked by themselves before somebody has to want more. */
const askedByItself = 10
const wanted = 20

export function Results({ search }: { search: MessageSearch }) {
  const { api } = useConsole()
  const { t, clock } = useText()
  const q = search.q ?? ''
  const pages = useInfiniteQuery({
    queryKey: ['search', 'messages', search],
    enabled: q !== '',
    initialPageParam: undefined as string | undefined,
    // A question that nobody waits for any more is given up.
    queryFn: ({ pageParam, signal }) =>
      api.messages.search(
        {
          q,
          contactId: search.with,
          accountId: search.over,
          from: search.since && beginningOf(search.since, Date.now()),
          cursor: pageParam,
          limit: wanted,
        },
        { signal },
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: q === '' ? undefined : keepPreviousData,
    staleTime: 5000,
  })
  const loaded = pages.data?.pages ?? []
  const hits = loaded.flatMap((page) => page.items)
  const { hasNextPage, isFetching, isError, fetchNextPage } = pages
  const goesOn = hasNextPage && !isError && hits.length < wanted && loaded.length < askedByItself
  useEffect(() => {
    if (goesOn && !isFetching) void fetchNextPage()
  }, [goesOn, isFetching, fetchNextPage])

  if (q === '') return <Empty title={t('search.begin')} text={t('search.begin.text')} />
  if (isError && hits.length === 0)
    return <Failed text={t('search.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
  const last = loaded.at(-1)
  return (
    <section className={css.results} aria-label={t('search.results')} aria-busy={isFetching}>
      <ul className={css.hits} data-old={pages.isPlaceholderData || undefined}>
        {hits.map((hit) => (
          <li key={hit.message.id}>
            <Hit hit={hit} />
          </li>
        ))}
      </ul>
      <div className={css.end} role="status">
        {(isFetching || goesOn) && <Loader size="xs" aria-label={t('search.looking')} />}
        {!isFetching && !hasNextPage && hits.length === 0 && <Empty title={t('search.none')} text={t('search.none.text')} />}
        {!isFetching && last?.filling && <p>{t('search.filling')}</p>}
        {!isFetching && hasNextPage && !goesOn && (
          <Button size="xs" variant="default" onClick={() => void fetchNextPage()}>
            {last?.searchedTo ? t('search.further', { date: shortDate(clock, last.searchedTo) }) : t('app.more')}
          </Button>
        )}
      </div>
    </section>
  )
}

function Hit({ hit }: { hit: SearchHit }) {
  const { t, clock } = useText()
  const now = useNow()
  const { contact, message, snippet } = hit
  const name = nameOf(contact, t)
  const by = message.direction === 'inbound' ? null : message.author ? message.author.name : t('search.us')
  return (
    <Link
      to="/inbox/$conversationId"
      params={{ conversationId: message.conversationId }}
      search={{ tab: 'all', message: message.id }}
      className={css.hit}
      data-hit
      data-testid="search-hit"
    >
      <Face id={contact.id} name={name} size={32} />
      <span className={css.body}>
        <span className={css.line}>
          <bdi className={css.name}>{name}</bdi>
          <ChannelMark channel={hit.channel} />
          <time dateTime={message.createdAt}>{listTime(clock, message.createdAt, now) || t('time.now')}</time>
        </span>
        <span className={css.snippet} dir="auto">
          {by && <bdi className={css.by}>{by}: </bdi>}
          {piecesOf(snippet.text, snippet.highlights).map((piece) =>
            piece.found ? <mark key={piece.at}>{piece.text}</mark> : <span key={piece.at}>{piece.text}</span>,
          )}
        </span>
      </span>
    </Link>
  )
}
