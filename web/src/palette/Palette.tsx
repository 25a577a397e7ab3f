/** Ctrl/⌘-K: people, conversations, pages and actions by a few letters. */
import { Modal, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { mayWrite, useConsole } from '../app/context.ts'
import { useLeave } from '../app/leave.ts'
import { overlay } from '../app/overlay.ts'
import { useText } from '../app/text.tsx'
import { useSwitch } from '../app/useSwitch.ts'
import { channelName } from '../inbox/ChannelMark.tsx'
import { nameOf } from '../inbox/person.ts'
import { type Section, sections } from '../settings/sections.ts'
import css from './palette.module.css'

interface Choice {
  id: string
  group: string
  label: string
  hint?: string
  run: () => void
}

export function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const choices = useChoices(typed.trim())
  const current = Math.min(at, Math.max(0, choices.length - 1))
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  })
  const take = (one: Choice | undefined) => {
    if (!one) return
    onClose()
    one.run()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(choices.length - 1, current + 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(0, current - 1))
    else if (event.key === 'Enter') take(choices[current])
    else return
    event.preventDefault()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={560}
      centered={false}
      yOffset="12vh"
      aria-label={t('nav.search')}
    >
      <input
        className={css.input}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls="palette-choices"
        aria-activedescendant={choices[current] ? `palette-${choices[current].id}` : undefined}
        aria-label={t('palette.placeholder')}
        placeholder={t('palette.placeholder')}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={press}
      />
      <div ref={list} id="palette-choices" role="listbox" aria-label={t('nav.search')} className={css.choices}>
        {choices.map((one, index) => (
          <div key={one.id} role="presentation">
            {one.group !== choices[index - 1]?.group && <div className={css.group}>{one.group}</div>}
            <button
              type="button"
              id={`palette-${one.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === current}
              className={css.choice}
              onClick={() => take(one)}
              onPointerMove={() => setAt(index)}
            >
              <bdi>{one.label}</bdi>
              {one.hint && <small dir="auto">{one.hint}</small>}
            </button>
          </div>
        ))}
        {choices.length === 0 && <p className={css.none}>{t('palette.none', { text: typed })}</p>}
      </div>
    </Modal>
  )
}

function useChoices(asked: string): Choice[] {
  const found = useFound(asked)
  const fixed = useFixed()
  const words = asked.toLowerCase()
  return [...found, ...fixed.filter((one) => one.label.toLowerCase().includes(words))]
}

function useFound(asked: string): Choice[] {
  const { api } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const [q] = useDebouncedValue(asked, 150)
  const on = q.length > 1
  const options = { enabled: on, placeholderData: keepPreviousData, staleTime: 10_000 }
  const conversations = useQuery({
    queryKey: ['palette', 'conversations', q],
    queryFn: ({ signal }) => api.conversations.list({ q, status: 'all', limit: 6 }, { signal }),
    ...options,
  })
  const people = useQuery({
    queryKey: ['palette', 'people', q],
    queryFn: ({ signal }) => api.contacts.list({ q, limit: 6 }, { signal }),
    ...options,
  })
  const messages = useQuery({
    queryKey: ['palette', 'messages', q],
    queryFn: ({ signal }) => api.messages.search({ q, limit: 4 }, { signal }),
    ...options,
  })
  if (!on || asked.length < 2) return []
  const group = t('palette.messages')
  return [
    ...(conversations.data?.items ?? []).map((one) => ({
      id: `c${one.id}`,
      group: t('palette.conversations'),
      label: nameOf(one.contact, t),
      hint: [channelName(one.channel), one.lastPreview].filter(Boolean).join(' · '),
      run: () => void navigate({ to: '/inbox/$conversationId', params: { conversationId: one.id }, search: {} }),
    })),
    ...(people.data?.items ?? []).map((one) => ({
      id: `p${one.id}`,
      group: t('palette.people'),
      label: nameOf(one, t),
      hint: one.phone ?? undefined,
      run: () => void navigate({ to: '/contacts/$contactId', params: { contactId: one.id }, search: {} }),
    })),
    ...(messages.data?.items ?? []).map(({ message, contact, snippet }) => ({
      id: `m${message.id}`,
      group,
      label: nameOf(contact, t),
      hint: snippet.text,
      run: () =>
        void navigate({
          to: '/inbox/$conversationId',
          params: { conversationId: message.conversationId },
          search: { tab: 'all', message: message.id },
        }),
    })),
    {
      id: 'all-messages',
      group,
      label: t('palette.searchAll', { text: asked }),
      run: () => void navigate({ to: '/search', search: { q: asked } }),
    },
  ]
}

function useFixed(): Choice[] {
  const { session } = useConsole()
  const { signOut } = useLeave()
  const switchTo = useSwitch()
  const { t } = useText()
  const navigate = useNavigate()
  const scheme = useComputedColorScheme('light')
  const { setColorScheme } = useMantineColorScheme()
  const page = (id: string, label: string, run: () => void): Choice => ({ id, group: t('palette.pages'), label, run })
  const action = (id: string, label: string, run: () => void): Choice => ({ id, group: t('palette.actions'), label, run })
  const settings = (section: string) => () => void navigate({ to: '/settings/{-$section}', params: { section } })
  const start = action('start', t('list.start'), () => overlay.set('start'))
  return [
    page('inbox', t('nav.inbox'), () => void navigate({ to: '/inbox', search: {} })),
    page('calls', t('nav.calls'), () => void navigate({ to: '/calls', search: {} })),
    page('contacts', t('nav.contacts'), () => void navigate({ to: '/contacts', search: {} })),
    page('appointments', t('nav.appointments'), () => void navigate({ to: '/appointments', search: {} })),
    page('leads', t('nav.leads'), () => void navigate({ to: '/leads', search: {} })),
    page('search', t('search.title'), () => void navigate({ to: '/search', search: {} })),
    ...(Object.keys(sections) as Section[])
      .filter((one) => sections[one](session.role))
      .map((one) => page(one, t(`settings.${one}`), settings(one))),
    ...(session.operator
      ? [page('tenants', t('platform.tenants'), () => void navigate({ to: '/platform/tenants', search: {} }))]
      : []),
    ...session.memberships
      .filter((one) => one.tenantId !== session.tenant.id)
      .map((one) => action(`t${one.tenantId}`, t('palette.switch', { name: one.name }), () => switchTo(one.tenantId))),
    ...(mayWrite(session) ? [start] : []),
    action('scheme', t('palette.scheme'), () => setColorScheme(scheme === 'dark' ? 'light' : 'dark')),
    action('help', t('keys.title'), () => overlay.set('keys')),
    action('out', t('nav.signOut'), signOut),
  ]
}
