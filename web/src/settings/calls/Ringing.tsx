/** The telephone that rings, how its voicemail is told from a person, and what callers hear whom nobody answers. */
import { NumberInput, TextInput } from '@mantine/core'
import type { CallStandards } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { limits, type NumberField } from '../../rules/callSettings.ts'
import { Card, Toggle } from '../parts.tsx'
import css from '../settings.module.css'
import type { Editing } from './useCallDraft.ts'
import { Words } from './Words.tsx'

export function Ringing({ editing, standards }: { editing: Editing; standards: CallStandards }) {
  const { t } = useText()
  const { draft, set, error, may } = editing
  const own = standards.words[standards.language]
  return (
    <Card title={t('callset.ring')}>
      <fieldset className={css.fields} disabled={!may}>
        <div className={css.pair}>
          <TextInput
            label={t('callset.forward')}
            description={t('callset.forward.help')}
            type="tel"
            dir="ltr"
            autoComplete="off"
            maxLength={30}
            value={draft.forwardTo ?? ''}
            error={error('forwardTo')}
            onChange={(event) => set({ forwardTo: event.currentTarget.value })}
          />
          <Count field="ringSeconds" editing={editing} label={t('callset.seconds')} help={t('callset.seconds.help')} />
        </div>
        <Toggle
          label={t('callset.key')}
          help={t('callset.key.help')}
          checked={draft.answerByKey}
          disabled={!may}
          onChange={(answerByKey) => set({ answerByKey })}
        />
        <Toggle
          label={t('callset.short')}
          help={t('callset.short.help')}
          checked={draft.minimumAnsweredSeconds !== null}
          disabled={!may}
          onChange={(on) => set({ minimumAnsweredSeconds: on ? 5 : null })}
        />
        {draft.minimumAnsweredSeconds !== null && (
          <Count field="minimumAnsweredSeconds" editing={editing} label={t('callset.minimum')} />
        )}
        {(['greeting', 'greetingWithoutText'] as const).map((field) => (
          <Words
            key={field}
            editing={editing}
            field={field}
            label={t(`callset.${field}`)}
            help={t('callset.greeting.help')}
            maxLength={1000}
            standard={own?.[field]}
          />
        ))}
      </fieldset>
    </Card>
  )
}

export function Count(props: { field: NumberField; editing: Editing; label: string; help?: string }) {
  const { draft, set, error } = props.editing
  return (
    <NumberInput
      label={props.label}
      description={props.help}
      maw={320}
      {...limits[props.field]}
      clampBehavior="none"
      allowDecimal={false}
      allowNegative={false}
      value={draft[props.field] ?? ''}
      error={error(props.field)}
      onChange={(value) => set({ [props.field]: value === '' ? '' : Number(value) })}
    />
  )
}
