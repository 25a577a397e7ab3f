/** Everything that was ever said, as one types: what is found leads to its place in the thread. */
import { TextInput } from '@mantine/core'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { type MessageSearch, readMessageSearch } from '../app/messageSearch.ts'
import { useText } from '../app/text.tsx'
import { Filters } from './Filters.tsx'
import { Results } from './Results.tsx'
import css from './search.module.css'

/** The next or the previous result; from the field the first, from the first back to the field. */
function step(page: HTMLElement, by: 1 | -1): void {
  const stops = [...page.querySelectorAll<HTMLElement>('input[type="search"], a[data-hit]')]
  const at = stops.indexOf(document.activeElement as HTMLElement)
  stops[Math.max(0, Math.min(stops.length - 1, at + by))]?.focus()
}

export function SearchPage() {
  const { t } = useText()
  const search = useSearch({ from: '/search' })
  const navigate = useNavigate()
  const page = useRef<HTMLDivElement>(null)
  const change = (part: MessageSearch) =>
    void navigate({ to: '/search', search: readMessageSearch({ ...search, ...part }), replace: true })
  const press = (event: KeyboardEvent) => {
    const inList = event.target instanceof HTMLElement && event.target.matches('input[type="search"], a[data-hit]')
    if (!page.current || !inList || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    event.preventDefault()
    step(page.current, event.key === 'ArrowDown' ? 1 : -1)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the links within, which have keys of their own
    <div ref={page} className={css.page} onKeyDown={press}>
      <header className={css.head}>
        <h1 className={css.title}>{t('search.title')}</h1>
        <Field q={search.q ?? ''} onChange={(q) => change({ q })} />
        <Filters search={search} onChange={change} />
      </header>
      <Results search={search} />
    </div>
  )
}

function Field({ q, onChange }: { q: string; onChange: (q: string) => void }) {
  const { t } = useText()
  const [typed, setTyped] = useState(q)
  const input = useRef<HTMLInputElement>(null)
  // Not as an attribute: where the page is shown only after it was made, that would be too early.
  useEffect(() => input.current?.focus(), [])
  const latest = useRef(onChange)
  latest.current = onChange
  useEffect(() => {
    if (typed.trim() === q) return
    const timer = setTimeout(() => latest.current(typed.trim()), 200)
    return () => clearTimeout(timer)
  }, [typed, q])
  return (
    <TextInput
      ref={input}
      type="search"
      dir="auto"
      leftSection={<IconSearch size={16} aria-hidden />}
      placeholder={t('search.placeholder')}
      aria-label={t('search.placeholder')}
      value={typed}
      maxLength={200}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  )
}
