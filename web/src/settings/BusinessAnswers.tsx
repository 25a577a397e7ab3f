/** When the assistant steps in and how it begins, and when a conversation is over. */
import { Button, NativeSelect, NumberInput, Textarea } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Business } from '../../../client/index.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Card } from './parts.tsx'
import css from './settings.module.css'
import { useForm } from './Unsaved.tsx'
import { useSaveBusiness } from './useSaveBusiness.ts'

const ends = ['standard', 'after', 'never'] as const
type End = (typeof ends)[number]
const endOf = (hours: number | null): End => (hours === null ? 'standard' : hours === 0 ? 'never' : 'after')
/** What is offered first, as for texts. Hours. */
const firstHours = 72

const formOf = (business: Business) => ({
  greeting: business.aiGreetingTemplate,
  delay: business.aiTakeoverDelay as number | string,
  end: endOf(business.autoCloseHours),
  hours: (business.autoCloseHours || firstHours) as number | string,
})

export function BusinessAnswers({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const { form, set, settle } = useForm(formOf(business))
  const { greeting, delay, end, hours } = form
  const save = useSaveBusiness((next) => settle(formOf(next)))
  const may = mayManage(session)
  const submit = () =>
    save.mutate({
      aiGreetingTemplate: greeting.trim(),
      aiTakeoverDelay: Number(delay) || 0,
      autoCloseHours: end === 'standard' ? null : end === 'never' ? 0 : Number(hours) || firstHours,
    })
  return (
    <Card title={t('business.answers')} text={t('business.answers.text')} onSubmit={submit} testId="answers-form">
      <fieldset className={css.fields} disabled={!may}>
        <Textarea
          label={t('business.greeting')}
          dir="auto"
          description={t('business.greeting.help')}
          rows={3}
          required
          withAsterisk={false}
          maxLength={1600}
          value={greeting}
          onChange={(event) => set({ greeting: event.currentTarget.value })}
        />
        <NumberInput
          label={t('business.delay')}
          description={t('business.delay.help')}
          maw={320}
          min={0}
          max={3600}
          allowDecimal={false}
          value={delay}
          onChange={(delay) => set({ delay })}
        />
        <div className={css.pair}>
          <NativeSelect
            label={t('business.close')}
            value={end}
            onChange={(event) => set({ end: ends.find((one) => one === event.currentTarget.value) ?? end })}
            data={ends.map((value) => ({ value, label: t(`business.close.${value}`) }))}
          />
          {end === 'after' && (
            <NumberInput
              label={t('business.close.hours')}
              min={1}
              max={8760}
              allowDecimal={false}
              required
              withAsterisk={false}
              value={hours}
              onChange={(hours) => set({ hours })}
            />
          )}
        </div>
      </fieldset>
      <Link to="/settings/{-$section}" params={{ section: 'calls' }} className={css.back}>
        {t('business.toCalls')}
      </Link>
      {may && (
        <div className={css.formBar}>
          <Button type="submit" loading={save.isPending}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}
