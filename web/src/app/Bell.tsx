/** What one should know: a bell with how much is new, and the list behind it. Looking at it is reading it. */
import { Menu } from '@mantine/core'
import IconBell from '@tabler/icons-react/dist/esm/icons/IconBell.mjs'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Notification, NotificationPage } from '../../../client/index.ts'
import css from './bell.module.css'
import { useBoot } from './boot.ts'
import { keys } from './cache.ts'
import { useText } from './text.tsx'
import place from './workspace.module.css'

const SHOWN = 20

export function Bell() {
  const { api } = useBoot()
  const { t } = useText()
  const queries = useQueryClient()
  const { data, isError } = useQuery({
    queryKey: keys.notifications,
    queryFn: ({ signal }) => api.me.notifications({ limit: SHOWN }, { signal }),
  })
  const unread = data?.unread ?? 0
  const count = unread > 99 ? '99+' : String(unread)
  const read = () => {
    const newest = data?.items[0]
    if (unread === 0 || !newest) return
    // What comes meanwhile stays new.
    void api.me.readNotifications({ upTo: newest.id }).then(({ unread: left }) => {
      queries.setQueryData<NotificationPage>(keys.notifications, (before) => before && { ...before, unread: left })
    })
  }
  return (
    <Menu
      position="right-end"
      width={320}
      onOpen={read}
      onClose={() => void queries.invalidateQueries({ queryKey: keys.notifications })}
    >
      <Menu.Target>
        <button
          type="button"
          className={place.item}
          aria-label={unread > 0 ? t('bell.count', { count }) : t('bell')}
          data-testid="bell"
        >
          <IconBell size={20} stroke={1.7} aria-hidden />
          {unread > 0 && <span className={place.count}>{count}</span>}
        </button>
      </Menu.Target>
      <Menu.Dropdown className={css.list}>
        <Menu.Label>{t('bell')}</Menu.Label>
        {isError && !data && <p className={css.empty}>{t('bell.failed')}</p>}
        {data?.items.length === 0 && <p className={css.empty}>{t('bell.none')}</p>}
        {data?.items.map((one) => (
          <Line key={one.id} one={one} />
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function Line({ one }: { one: Notification }) {
  const { t, language } = useText()
  const navigate = useNavigate()
  const at = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(one.createdAt))
  const open = () =>
    void (one.conversationId
      ? navigate({ to: '/inbox/$conversationId', params: { conversationId: one.conversationId }, search: {} })
      : navigate({ to: '/settings/{-$section}', params: { section: 'channels' } }))
  return (
    <Menu.Item
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
    </Menu.Item>
  )
}
