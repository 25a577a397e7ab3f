/** Rail, notices, page. */
import { Outlet } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useText } from './text.tsx'
import css from './workspace.module.css'

export function Frame({ rail, bars }: { rail: ReactNode; bars?: ReactNode }) {
  const { t } = useText()
  return (
    <>
      <a className={css.skip} href="#main">
        {t('app.skip')}
      </a>
      <div className={css.frame}>
        {rail}
        <main id="main" className={css.main} tabIndex={-1}>
          {bars}
          <div className={css.page}>
            <Outlet />
          </div>
        </main>
      </div>
    </>
  )
}
