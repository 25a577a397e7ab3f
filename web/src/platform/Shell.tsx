/** The pages of the server side by side. */
import { Link, useLocation } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useSignedIn } from '../app/signedIn.ts'
import { NotFound } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import css from '../settings/settings.module.css'
import { useShownLink } from '../settings/useShownLink.ts'

const pages = ['tenants', 'keys', 'operators'] as const

export function Shell({ children }: { children: ReactNode }) {
  const { session } = useSignedIn()
  const { t } = useText()
  const nav = useShownLink(useLocation({ select: (location) => location.pathname }))
  if (!session.operator) return <NotFound />
  return (
    <div className={css.page}>
      <nav ref={nav} className={css.nav} aria-label={t('nav.platform')}>
        <h1>{t('nav.platform')}</h1>
        {pages.map((one) => (
          <Link key={one} to={`/platform/${one}`} className={css.link} activeProps={{ 'aria-current': 'page' }}>
            {t(`platform.${one}`)}
          </Link>
        ))}
      </nav>
      <div className={css.body}>
        <div className={css.column}>{children}</div>
      </div>
    </div>
  )
}
