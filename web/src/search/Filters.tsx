/** With whom, over which of our addresses, since when. */
import '@mantine/core/styles/Combobox.layer.css'
import { NativeSelect, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { type MessageSearch, type Period, periods } from '../app/messageSearch.ts'
import { useText } from '../app/text.tsx'
import { nameOf } from '../inbox/person.ts'
import css from './search.module.css'

interface Props {
  search: MessageSearch
  onChange: (part: MessageSearch) => void
}

export function Filters({ search, onChange }: Props) {
  const { api } = useConsole()
  const { t } = useText()
  const accounts = useQuery({ queryKey: keys.accounts, queryFn: ({ signal }) => api.accounts.list({ signal }) })
  const addresses = (accounts.data?.items ?? []).map((one) => ({ value: one.id, label: one.name }))
  return (
    <div className={css.filters}>
      <PersonFilter chosen={search.with ?? null} onChange={(contact) => onChange({ with: contact })} />
      {addresses.length > 1 && (
        <NativeSelect
          size="xs"
          aria-label={t('search.over')}
          data={[{ value: '', label: t('search.over.all') }, ...addresses]}
          value={search.over ?? ''}
          onChange={(event) => onChange({ over: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        size="xs"
        aria-label={t('search.since')}
        data={[
          { value: '', label: t('search.since.all') },
          ...Object.entries(periods).map(([value, n]) => ({ value, label: t('search.since.days', { n }) })),
        ]}
        value={search.since ?? ''}
        onChange={(event) => onChange({ since: event.currentTarget.value as Period })}
      />
    </div>
  )
}

function PersonFilter({ chosen, onChange }: { chosen: string | null; onChange: (contact: string) => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 150)
  const known = useQuery({
    queryKey: keys.contact(chosen ?? ''),
    queryFn: ({ signal }) => api.contacts.get(chosen ?? '', { signal }),
    enabled: chosen !== null,
  })
  const people = useQuery({
    queryKey: ['search', 'people', q],
    queryFn: ({ signal }) => api.contacts.list({ ...(q ? { q } : {}), limit: 20 }, { signal }),
    placeholderData: keepPreviousData,
  })
  const one = chosen ? known.data : undefined
  const listed = [...(one ? [one] : []), ...(people.data?.items ?? []).filter(({ id }) => id !== one?.id)]
  return (
    <Select
      size="xs"
      searchable
      clearable
      aria-label={t('search.with')}
      placeholder={t('search.with.all')}
      nothingFoundMessage={t('list.empty.search')}
      // The server has looked already, in its own way of comparing.
      filter={({ options }) => options}
      data={listed.map((person) => ({ value: person.id, label: nameOf(person, t) }))}
      value={one ? one.id : null}
      onSearchChange={(text) => setTyped(one && text === nameOf(one, t) ? '' : text)}
      onChange={(contact) => onChange(contact ?? '')}
    />
  )
}
