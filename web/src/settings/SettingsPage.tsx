import { Link, useParams } from '@tanstack/react-router'
import { useText } from '../app/text.tsx'
import { ApiKeys } from './ApiKeys.tsx'
import { Channels } from './Channels.tsx'
import { Profile } from './Profile.tsx'
import css from './settings.module.css'

const sections = { channels: Channels, keys: ApiKeys, profile: Profile } as const
type Section = keyof typeof sections

export function SettingsPage() {
  const { t } = useText()
  const { section } = useParams({ strict: false })
  const chosen: Section = section && section in sections ? (section as Section) : 'channels'
  const Part = sections[chosen]
  return (
    <div className={css.page}>
      <nav className={css.nav} aria-label={t('nav.settings')}>
        <h1>{t('nav.settings')}</h1>
        {(Object.keys(sections) as Section[]).map((one) => (
          <Link
            key={one}
            to="/settings/{-$section}"
            params={{ section: one }}
            className={css.link}
            aria-current={one === chosen ? 'page' : undefined}
          >
            {t(`settings.${one}`)}
          </Link>
        ))}
      </nav>
      <div className={css.body}>
        <div className={css.column}>
          <Part />
        </div>
      </div>
    </div>
  )
}
