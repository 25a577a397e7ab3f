/** The text to a caller whom nobody answered: whether, which, how often and not at which hours. */
import { NativeSelect } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { CallStandards } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { isLanguage, languages } from '../../text/languages.ts'
import { Card, Toggle } from '../parts.tsx'
import css from '../settings.module.css'
import own from './callset.module.css'
import { Count } from './Ringing.tsx'
import type { Editing } from './useCallDraft.ts'
import { Words } from './Words.tsx'

export function CallTexts({ editing, standards, zone }: { editing: Editing; standards: CallStandards; zone: string }) {
  const { t } = useText()
  const { draft, set, may } = editing
  const [language, setLanguage] = useState(standards.language)
  const words = standards.words[language]
  return (
    <Card title={t('callset.texts')}>
      <fieldset className={css.fields} disabled={!may}>
        <Toggle
          label={t('callset.auto')}
          help={t('callset.auto.help')}
          checked={draft.automaticText}
          disabled={!may}
          onChange={(automaticText) => set({ automaticText })}
        />
        {may && (
          <NativeSelect
            size="xs"
            maw={240}
            label={t('callset.language')}
            value={language}
            onChange={(event) => {
              const next = event.currentTarget.value
              if (isLanguage(next)) setLanguage(next)
            }}
            data={Object.keys(standards.words).flatMap((value) =>
              isLanguage(value) ? [{ value, label: languages[value] }] : [],
            )}
          />
        )}
        <Words editing={editing} field="text" label={t('callset.usual')} maxLength={1600} standard={words?.text} sent />
        <div className={own.beside}>
          <Toggle
            label={t('callset.after')}
            help={t('callset.after.help')}
            checked={draft.afterHoursText !== null}
            disabled={!may}
            onChange={(on) => set({ afterHoursText: on ? (words?.afterHoursText ?? draft.text) : null })}
          />
          <Link to="/settings/{-$section}" params={{ section: 'hours' }} className={css.back}>
            {t('callset.hours')}
          </Link>
        </div>
        {draft.afterHoursText !== null && (
          <Words
            editing={editing}
            field="afterHoursText"
            label={t('callset.afterText')}
            maxLength={1600}
            standard={words?.afterHoursText}
            sent
          />
        )}
        <Count field="cooldownMinutes" editing={editing} label={t('callset.cooldown')} help={t('callset.cooldown.help')} />
        <Quiet editing={editing} zone={zone} />
      </fieldset>
    </Card>
  )
}

function Quiet({ editing, zone }: { editing: Editing; zone: string }) {
  const { t } = useText()
  const { draft, set, may, error } = editing
  const quiet = draft.quietHours
  const wrong = error('quietHours')
  return (
    <>
      <Toggle
        label={t('callset.quiet')}
        help={t('callset.quiet.help', { zone: zone.replaceAll('_', ' ') })}
        checked={quiet !== null}
        disabled={!may}
        onChange={(on) => set({ quietHours: on ? { from: '22:00', to: '07:00' } : null })}
      />
      {quiet && (
        <span className={css.times}>
          {(['from', 'to'] as const).map((end) => (
            <input
              key={end}
              type="time"
              required
              aria-label={t(`callset.quiet.${end}`)}
              aria-invalid={wrong !== undefined || undefined}
              value={quiet[end]}
              onChange={(event) => set({ quietHours: { ...quiet, [end]: event.currentTarget.value } })}
            />
          ))}
          {wrong && (
            <small data-wrong role="alert">
              {wrong}
            </small>
          )}
        </span>
      )}
    </>
  )
}
