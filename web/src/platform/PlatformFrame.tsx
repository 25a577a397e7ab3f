/** The console of somebody who runs the server and belongs to no business: the server's pages only. */
import IconKey from '@tabler/icons-react/dist/esm/icons/IconKey.mjs'
import IconServer2 from '@tabler/icons-react/dist/esm/icons/IconServer2.mjs'
import IconUsers from '@tabler/icons-react/dist/esm/icons/IconUsers.mjs'
import { Navigate, useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import { AccountMenu } from '../app/AccountMenu.tsx'
import { useBoot } from '../app/boot.ts'
import { Frame } from '../app/Frame.tsx'
import { Place } from '../app/Rail.tsx'
import { useSignedIn } from '../app/signedIn.ts'
import { useText } from '../app/text.tsx'
import css from '../app/workspace.module.css'

export function PlatformFrame() {
  const { refusals } = useBoot()
  const { leave } = useSignedIn()
  const { t } = useText()
  const path = useLocation({ select: (location) => location.pathname })
  useEffect(() => refusals.subscribe(() => leave('ended')), [refusals, leave])
  if (!path.startsWith('/platform/')) return <Navigate to="/platform/tenants" replace />
  return (
    <Frame
      rail={
        <nav className={css.rail} aria-label={t('nav.label')}>
          <img className={css.mark} src="/mark.svg" alt="Parley" width={32} height={32} />
          <Place
            to="/platform/tenants"
            label={t('platform.tenants')}
            icon={<IconServer2 size={22} stroke={1.7} aria-hidden />}
          />
          <Place to="/platform/keys" label={t('platform.keys')} icon={<IconKey size={22} stroke={1.7} aria-hidden />} />
          <Place
            to="/platform/operators"
            label={t('platform.operators')}
            icon={<IconUsers size={22} stroke={1.7} aria-hidden />}
          />
          <span className={css.grow} />
          <AccountMenu profile="/platform/me" />
        </nav>
      }
    />
  )
}
