import { Tooltip } from '@mantine/core'
import IconAddressBook from '@tabler/icons-react/dist/esm/icons/IconAddressBook.mjs'
import IconCalendarEvent from '@tabler/icons-react/dist/esm/icons/IconCalendarEvent.mjs'
import IconChartBar from '@tabler/icons-react/dist/esm/icons/IconChartBar.mjs'
import IconInbox from '@tabler/icons-react/dist/esm/icons/IconInbox.mjs'
import IconKeyboard from '@tabler/icons-react/dist/esm/icons/IconKeyboard.mjs'
import IconPhone from '@tabler/icons-react/dist/esm/icons/IconPhone.mjs'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import IconServer2 from '@tabler/icons-react/dist/esm/icons/IconServer2.mjs'
import IconSettings from '@tabler/icons-react/dist/esm/icons/IconSettings.mjs'
import IconTargetArrow from '@tabler/icons-react/dist/esm/icons/IconTargetArrow.mjs'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { AccountMenu } from './AccountMenu.tsx'
import { Bell } from './Bell.tsx'
import { mayLook, useConsole } from './context.ts'
import { overlay } from './overlay.ts'
import { useText } from './text.tsx'
import { useUnread } from './unread.ts'
import css from './workspace.module.css'

export function Rail() {
  const { session } = useConsole()
  const { t } = useText()
  const unread = useUnread()
  return (
    <nav className={css.rail} aria-label={t('nav.label')}>
      <img className={css.mark} src="/mark.svg" alt="Parley" width={32} height={32} />
      <Place to="/inbox" label={t('nav.inbox')} icon={<IconInbox size={22} stroke={1.7} aria-hidden />} count={unread} />
      <Place to="/calls" label={t('nav.calls')} icon={<IconPhone size={22} stroke={1.7} aria-hidden />} />
      <Place to="/leads" label={t('nav.leads')} icon={<IconTargetArrow size={22} stroke={1.7} aria-hidden />} />
      <Place to="/appointments" label={t('nav.appointments')} icon={<IconCalendarEvent size={22} stroke={1.7} aria-hidden />} />
      <Place to="/contacts" label={t('nav.contacts')} icon={<IconAddressBook size={22} stroke={1.7} aria-hidden />} />
      {mayLook(session) && (
        <Place to="/insights" label={t('nav.insights')} icon={<IconChartBar size={22} stroke={1.7} aria-hidden />} />
      )}
      <Place to="/settings/{-$section}" label={t('nav.settings')} icon={<IconSettings size={22} stroke={1.7} aria-hidden />} />
      {session.operator && (
        <Place to="/platform/tenants" label={t('nav.platform')} icon={<IconServer2 size={22} stroke={1.7} aria-hidden />} />
      )}
      <span className={css.grow} />
      <Tooltip label={`${t('nav.search')} · Ctrl K`} position="right">
        <button type="button" className={css.item} aria-label={t('nav.search')} onClick={() => overlay.set('palette')}>
          <IconSearch size={20} stroke={1.7} aria-hidden />
        </button>
      </Tooltip>
      <Tooltip label={`${t('nav.keys')} · ?`} position="right">
        <button
          type="button"
          className={`${css.item} ${css.desk}`}
          aria-label={t('nav.keys')}
          onClick={() => overlay.set('keys')}
        >
          <IconKeyboard size={20} stroke={1.7} aria-hidden />
        </button>
      </Tooltip>
      <Bell />
      <AccountMenu profile="/settings/{-$section}" />
    </nav>
  )
}

export function Place(props: {
  to:
    | '/inbox'
    | '/calls'
    | '/contacts'
    | '/leads'
    | '/appointments'
    | '/insights'
    | '/settings/{-$section}'
    | `/platform/${'tenants' | 'keys' | 'operators'}`
  label: string
  icon: ReactNode
  count?: string
}) {
  return (
    <Tooltip label={props.label} position="right">
      <Link
        to={props.to}
        className={css.item}
        aria-label={[props.label, props.count].filter(Boolean).join(' ')}
        activeOptions={{ includeSearch: false }}
      >
        {props.icon}
        {props.count && <span className={css.count}>{props.count}</span>}
      </Link>
    </Tooltip>
  )
}
