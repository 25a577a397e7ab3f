/** Everybody who ever wrote, with search; beside it the chosen one. */
import { Button, TextInput } from '@mantine/core'
import IconArrowLeft from '@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs'
import IconMessagePlus from '@tabler/icons-react/dist/esm/icons/IconMessagePlus.mjs'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Contact } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayWrite, useConsole } from '../app/context.ts'
import { useKeys } from '../app/keyboard.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Others } from '../inbox/context/Others.tsx'
import { Person } from '../inbox/context/Person.tsx'
import { PersonHold } from '../inbox/context/PersonHold.tsx'
import { Face } from '../inbox/Face.tsx'
import { nameOf } from '../inbox/person.ts'
import { StartConversation } from '../inbox/StartConversation.tsx'
import css from './contacts.module.css'

export function ContactsPage() {
  const { t } = useText()
  const { q = '' } = useSearch({ from: '/contacts' })
  const { contactId } = useParams({ strict: false })
  return (
    <div className={css.page} data-pane={contactId ? 'thread' : 'list'}>
      <section className={css.list} aria-label={t('contacts.title')}>
        <h1 className={css.title}>{t('contacts.title')}</h1>
        <Search q={q} />
        <People q={q} selected={contactId ?? null} />
      </section>
      <div className={css.one}>
        {contactId ? <Chosen key={contactId} id={contactId} /> : <Empty title={t('contacts.pick')} />}
      </div>
    </div>
  )
}

function Search({ q }: { q: string }) {
  const { t } = useText()
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q)
  useEffect(() => {
    if (typed === q) return
    const timer = setTimeout(
      () => void navigate({ to: '/contacts', search: typed.trim() ? { q: typed.trim() } : {}, replace: true }),
      200,
    )
    return () => clearTimeout(timer)
  }, [typed, q, navigate])
  return (
    <TextInput
      type="search"
      size="xs"
      leftSection={<IconSearch size={15} aria-hidden />}
      placeholder={t('contacts.search')}
      aria-label={t('contacts.search')}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  )
}

function People({ q, selected }: { q: string; selected: string | null }) {
  const { api } = useConsole()
  const { t } = useText()
  const pages = useInfiniteQuery({
    queryKey: keys.contacts(q),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.contacts.list({ ...(q ? { q } : {}), cursor: pageParam }, { signal }),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  if (pages.isError && !pages.data) {
    return <Failed text={t('context.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
  }
  const people = pages.data?.pages.flatMap((page) => page.items) ?? []
  if (pages.data && people.length === 0) {
    return q ? <Empty title={t('list.empty.search')} /> : <Empty title={t('contacts.empty')} text={t('contacts.empty.text')} />
  }
  return (
    <ul className={css.people}>
      {people.map((one) => (
        <li key={one.id}>
          <PersonRow one={one} selected={one.id === selected} />
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

function PersonRow({ one, selected }: { one: Contact; selected: boolean }) {
  const { t } = useText()
  const name = nameOf(one, t)
  return (
    <Link
      to="/contacts/$contactId"
      params={{ contactId: one.id }}
      search={(before) => before}
      className={css.row}
      data-selected={selected || undefined}
    >
      <Face id={one.id} name={name} size={32} />
      <span>
        <bdi>{name}</bdi>
        {one.name && one.phone && <small dir="ltr">{one.phone}</small>}
      </span>
    </Link>
  )
}

function Chosen({ id }: { id: string }) {
  const { api, session } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const [starting, setStarting] = useState(false)
  const contact = useQuery({ queryKey: keys.contact(id), queryFn: ({ signal }) => api.contacts.get(id, { signal }) })
  const back = () => void navigate({ to: '/contacts', search: (before: { q?: string }) => before })
  useKeys({ escape: back })
  return (
    <div className={css.card}>
      <div className={css.bar}>
        <Button
          className={css.back}
          size="xs"
          variant="subtle"
          color="gray"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
          onClick={back}
        >
          {t('app.back')}
        </Button>
        <Button
          renderRoot={(props) => <Link {...props} to="/search" search={{ with: id }} />}
          size="xs"
          variant="default"
          leftSection={<IconSearch size={16} aria-hidden />}
        >
          {t('search.title')}
        </Button>
        {mayWrite(session) && (
          <Button size="xs" leftSection={<IconMessagePlus size={16} aria-hidden />} onClick={() => setStarting(true)}>
            {t('contacts.message')}
          </Button>
        )}
      </div>
      <Person contactId={id} />
      <Others contactId={id} except={null} title={t('contacts.conversations')} />
      <PersonHold contactId={id} />
      {starting && contact.data && (
        <StartConversation contact={{ id, name: nameOf(contact.data, t) }} onClose={() => setStarting(false)} />
      )}
    </div>
  )
}
