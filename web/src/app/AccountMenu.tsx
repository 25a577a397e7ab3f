/** The face at the foot of the rail: how one is shown to colleagues, which business one looks at, and the way out. */
import { Menu } from '@mantine/core'
import IconLogout from '@tabler/icons-react/dist/esm/icons/IconLogout.mjs'
import IconUserCircle from '@tabler/icons-react/dist/esm/icons/IconUserCircle.mjs'
import { useNavigate } from '@tanstack/react-router'
import type { PersonStatus } from '../../../client/index.ts'
import { Face } from '../inbox/Face.tsx'
import { Dot } from '../people/Dot.tsx'
import { statuses, useOwnPresence } from '../people/presence.ts'
import { useLeave } from './leave.ts'
import { useSignedIn } from './signedIn.ts'
import { useText } from './text.tsx'
import { useSwitch } from './useSwitch.ts'
import css from './workspace.module.css'

export function AccountMenu({ profile }: { profile: '/settings/{-$section}' | '/platform/me' }) {
  const { session } = useSignedIn()
  const { t } = useText()
  const { signOut } = useLeave()
  const navigate = useNavigate()
  const switchTo = useSwitch()
  const own = useOwnPresence()
  const role = session.role ? t(`role.${session.role}`) : t('role.operator')
  const toProfile = () =>
    void (profile === '/platform/me' ? navigate({ to: profile }) : navigate({ to: profile, params: { section: 'profile' } }))
  return (
    <Menu position="right-end" width={260}>
      <Menu.Target>
        <button
          type="button"
          className={css.item}
          aria-label={t('nav.account', { name: session.user.name, role })}
          data-testid="account-menu"
        >
          <Face id={session.user.id} name={session.user.name} size={28} status={own.status} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{session.user.name}</bdi> · {session.user.email}
        </Menu.Label>
        {session.tenant && (
          <Menu.RadioGroup value={own.status ?? null} onChange={(next) => own.set(next as PersonStatus)}>
            {statuses.map((one) => (
              <Menu.RadioItem key={one} value={one} rightSection={<Dot status={one} />}>
                {t(`presence.${one}`)}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        )}
        {session.memberships.length > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>{t('nav.business')}</Menu.Label>
            <Menu.RadioGroup value={session.tenant?.id ?? null} onChange={switchTo}>
              {session.memberships.map((one) => (
                <Menu.RadioItem key={one.tenantId} value={one.tenantId}>
                  <bdi>{one.name}</bdi>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserCircle size={16} aria-hidden />} onClick={toProfile}>
          {t('settings.profile')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={signOut}>
          {t('nav.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
