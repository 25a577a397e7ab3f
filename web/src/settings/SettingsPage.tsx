import { Link, useParams } from '@tanstack/react-router'
import { useConsole, type WorkSession } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { ApiKeys } from './ApiKeys.tsx'
import { Audit } from './Audit.tsx'
import { BusinessProfile } from './BusinessProfile.tsx'
import { Centre } from './Centre.tsx'
import { Channels } from './Channels.tsx'
import { CallSettings } from './calls/CallSettings.tsx'
import { DeadLetters } from './DeadLetters.tsx'
import { Desk } from './Desk.tsx'
import { Hours } from './Hours.tsx'
import { Labels } from './Labels.tsx'
import { NumbersPage } from './numbers/NumbersPage.tsx'
import { Profile } from './Profile.tsx'
import { Security } from './Security.tsx'
import { Staff } from './Staff.tsx'
import { type Section, sections } from './sections.ts'
import css from './settings.module.css'
import { Team } from './Team.tsx'
import { useShownLink } from './useShownLink.ts'

const pages = {
  channels: Channels,
  numbers: NumbersPage,
  business: BusinessProfile,
  hours: Hours,
  calls: CallSettings,
  staff: Staff,
  labels: Labels,
  team: Team,
  keys: ApiKeys,
  centre: Centre,
  desk: Desk,
  letters: DeadLetters,
  audit: Audit,
  profile: Profile,
  security: Security,
} as const satisfies Record<Section, () => unknown>

export function SettingsPage() {
  const { t } = useText()
  const { session } = useConsole()
  const { section } = useParams({ strict: false })
  const mine = sectionsFor(session)
  const chosen = mine.find((one) => one === section) ?? 'channels'
  const Part = pages[chosen]
  const nav = useShownLink(chosen)
  return (
    <div className={css.page}>
      <nav ref={nav} className={css.nav} aria-label={t('nav.settings')}>
        <h1>{t('nav.settings')}</h1>
        {mine.map((one) => (
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
          <Part key={chosen} />
        </div>
      </div>
    </div>
  )
}

const sectionsFor = (session: WorkSession) => (Object.keys(sections) as Section[]).filter((one) => sections[one](session.role))
