/** The card before the console: sign-in, sign-up, invitations, forgotten passwords. */
import type { FormEvent, ReactNode } from 'react'
import { useText } from '../app/text.tsx'
import { isLanguage, languages } from '../text/languages.ts'
import css from './door.module.css'

interface Props {
  title: string
  lead?: string
  notice?: string | null
  error?: string | null
  onSubmit?: () => void
  /** Under the form: other ways. */
  foot?: ReactNode
  children?: ReactNode
  testId?: string
}

export function Door({ title, lead, notice, error, onSubmit, foot, children, testId }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit?.()
  }
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={submit} data-testid={testId}>
        <img src="/mark.svg" alt="" width={40} height={40} />
        <h1 className={css.title}>{title}</h1>
        {lead && <p className={css.lead}>{lead}</p>}
        {notice && (
          <p className={css.notice} role="status">
            {notice}
          </p>
        )}
        {children}
        {error && (
          <p className={css.error} role="alert">
            {error}
          </p>
        )}
        {foot && <div className={css.foot}>{foot}</div>}
      </form>
      <Tongue />
    </main>
  )
}

/** Who is not signed in yet has no settings page to choose a language on. */
function Tongue() {
  const { t, language, setLanguage } = useText()
  return (
    <label className={css.tongue}>
      <span className="visually-hidden">{t('settings.language')}</span>
      <select
        value={language}
        onChange={(event) => {
          const next = event.currentTarget.value
          if (isLanguage(next)) setLanguage(next)
        }}
      >
        {Object.entries(languages).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}

export function DoorLink({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className={css.link} onClick={onClick}>
      {children}
    </button>
  )
}
