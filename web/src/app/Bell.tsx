/** What one should know: a bell with how much is new, and the list behind it. Looking at it is reading it. */
import { Popover } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import IconBell from '@tabler/icons-react/dist/esm/icons/IconBell.mjs'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Notification, NotificationPage } from '../../../client/index.ts'
import css from './bell.module.css'
import { keys } from './cache.ts'
import { useConsole } from './context.ts'
import { useText } from './text.tsx'
import place from './workspace.module.css'

const SHOWN = 20
/** The live stream asks anew; this is for what it missed. */
const EVERY_MS = 60_000

export function Bell() {
  const { api, live } = useConsole()
  const { t } = useText()
  const queries = useQueryClient()
  const { data, isError } = useQuery({
    queryKey: keys.notifications,
    queryFn: async ({ signal }) => {
      await live.ready
      for (;;) {
        const before = live.notified.get()
        const page = await api.me.notifications({ limit: SHOWN }, { signal })
        if (live.notified.get() === before) return page
      }
    },
    refetchInterval: EVERY_MS,
  })
  const unread = data?.unread ?? 0
  const count = unread > 99 ? '99+' : String(unread)
  const read = () => {
    const newest = data?.items[0]
    if (unread === 0 || !newest) return
    // What comes meanwhile stays new.
    void api.me.readNotifications({ upTo: newest.id }).then(async ({ unread: left }) => {
      // An answer on its way may be from before.
      await queries.cancelQueries({ queryKey: keys.notifications })
      queries.setQueryData<NotificationPage>(keys.notifications, (before) => before && { ...before, unread: left })
    })
  }
  const [opened, setOpened] = useState(false)
  // The rail lies at the foot of a telephone.
  const foot = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const show = (open: boolean) => {
    setOpened(open)
    if (open) read()
    else void queries.invalidateQueries({ queryKey: keys.notifications })
  }
  return (
    <Popover
      {...{ opened, position: foot ? 'top' : 'right-end', width: 'min(340px, calc(100vw - 16px))' }}
      onChange={show}
      trapFocus
      returnFocus
      withRoles
    >
      <Popover.Target>
        <button
          type="button"
          className={place.item}
          aria-label={unread > 0 ? t('bell.count', { count }) : t('bell')}
          data-testid="bell"
          onClick={() => show(!opened)}
        >
          <IconBell size={20} stroke={1.7} aria-hidden />
          {unread > 0 && <span className={place.count}>{count}</span>}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={css.list} aria-label={t('bell')}>
        {isError && !data && <p className={css.empty}>{t('bell.failed')}</p>}
        {data?.items.length === 0 && <p className={css.empty}>{t('bell.none')}</p>}
        {data?.items.map((one) => (
          <Line key={one.id} one={one} onOpen={() => show(false)} />
        ))}
      </Popover.Dropdown>
    </Popover>
  )
}

function Line({ one, onOpen }: { one: Notification; onOpen: () => void }) {
  const { t, language } = useText()
  const navigate = useNavigate()
  const at = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(one.createdAt))
  const open = () => {
    onOpen()
    void (one.conversationId
      ? navigate({ to: '/inbox/$conversationId', params: { conversationId: one.conversationId }, search: {} })
      : navigate({ to: '/settings/{-$section}', params: { section: one.kind === 'number_waits' ? 'numbers' : 'channels' } }))
  }
  return (
    <button
      type="button"
      onClick={open}
      className={css.line}
      data-new={one.readAt === null || undefined}
      data-urgent={one.urgent || undefined}
    >
      <span className={css.title} dir="auto">
        {t(`bell.${one.kind}`, { who: one.who ?? t('bell.nobody') })}
      </span>
      {one.what && (
        <span className={css.what} dir="auto">
          {one.what}
        </span>
      )}
      <time className={css.at} dateTime={one.createdAt}>
        {at}
      </time>
    </button>
  )
}
