import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Business, BusinessHours } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { minutesOf, openState, type Weekday, weekdays } from '../rules/openingHours.ts'
import { clockTime, weekdayName } from '../text/time.ts'
import { Card, Head, Toggle } from './parts.tsx'
import css from './settings.module.css'
import { UnsavedForms, useForm } from './Unsaved.tsx'
import { useSaveBusiness } from './useSaveBusiness.ts'
import { zones } from './zones.ts'

export function Hours() {
  const { api } = useConsole()
  const { t } = useText()
  const business = useQuery({ queryKey: keys.business, queryFn: ({ signal }) => api.business.get({ signal }) })
  return (
    <>
      <Head title={t('settings.hours')} lead={t('hours.text')} />
      {business.isPending && <Skeleton height={420} radius={12} />}
      {business.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(business.error, t)} onRetry={() => void business.refetch()} />
      )}
      {business.data && (
        <UnsavedForms>
          <HoursForm business={business.data} />
        </UnsavedForms>
      )}
    </>
  )
}

const formOf = ({ hours, timezone }: Business) => ({ hours, zone: timezone })

function HoursForm({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const { form, set, settle } = useForm(formOf(business))
  const { hours, zone } = form
  const may = mayManage(session)
  const wrong = weekdays.filter((day) => hours[day].enabled && hours[day].open === hours[day].close)
  const save = useSaveBusiness((next) => settle(formOf(next)))
  const change = (day: Weekday, patch: Partial<BusinessHours[Weekday]>) =>
    set({ hours: { ...hours, [day]: { ...hours[day], ...patch } } })
  const asMonday = () => {
    const { monday } = hours
    set({ hours: { ...hours, tuesday: monday, wednesday: monday, thursday: monday, friday: monday } })
  }
  return (
    <Card onSubmit={() => save.mutate({ hours, timezone: zone })} testId="hours-form">
      <Preview hours={hours} zone={zone} />
      <NativeSelect
        label={t('business.zone')}
        maw={320}
        disabled={!may}
        value={zone}
        onChange={(event) => set({ zone: event.currentTarget.value })}
        data={zones(zone)}
      />
      <ul className={css.week}>
        {weekdays.map((day) => (
          <DayLine
            key={day}
            day={day}
            hours={hours[day]}
            wrong={wrong.includes(day)}
            disabled={!may}
            onChange={(patch) => change(day, patch)}
          />
        ))}
      </ul>
      {may && (
        <div className={css.formBar}>
          <Button variant="default" onClick={asMonday}>
            {t('hours.asMonday')}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={wrong.length > 0}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}

/** What a customer who writes now would find. */
function Preview({ hours, zone }: { hours: BusinessHours; zone: string }) {
  const { t, clock } = useText()
  const now = useNow()
  const found = useMemo(() => openState(hours, zone, now), [hours, zone, now])
  const when = (at: { day: Weekday; minute: number; inDays: number }) => {
    const time = shownTime(clock.language, at.minute)
    if (at.inDays === 0) return t('hours.today', { time })
    if (at.inDays === 1) return t('hours.tomorrow', { time })
    return t('hours.onDay', { day: weekdayName(clock, weekdays.indexOf(at.day)), time })
  }
  const words =
    found.state === 'open'
      ? t('hours.open', { when: when(found.closes) })
      : found.state === 'closed'
        ? t('hours.closed', { when: when(found.opens) })
        : t(found.state === 'never' ? 'hours.never' : 'hours.always')
  const local = clockTime({ ...clock, timeZone: zone }, new Date(now).toISOString())
  const open = found.state === 'open' || found.state === 'always'
  return (
    <p className={css.preview} data-open={open || undefined} role="status" data-testid="hours-preview">
      <strong>{words}</strong> <small>{t('hours.local', { time: local })}</small>
    </p>
  )
}

const shownTime = (language: string, minute: number) =>
  new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }).format(minute * 60_000)

interface DayProps {
  day: Weekday
  hours: BusinessHours[Weekday]
  wrong: boolean
  disabled: boolean
  onChange: (patch: Partial<BusinessHours[Weekday]>) => void
}

function DayLine({ day, hours, wrong, disabled, onChange }: DayProps) {
  const { t, clock } = useText()
  const name = weekdayName(clock, weekdays.indexOf(day))
  const night = hours.enabled && minutesOf(hours.close) < minutesOf(hours.open)
  // A time field cannot show 24:00; midnight at the end of a day is 00:00 of the next.
  const close = hours.close === '24:00' ? '00:00' : hours.close
  const note = wrong ? t('hours.wrong') : hours.close === '24:00' ? t('hours.midnight') : night ? t('hours.night') : null
  return (
    <li className={css.weekday} data-off={!hours.enabled || undefined}>
      <Toggle label={name} checked={hours.enabled} disabled={disabled} onChange={(enabled) => onChange({ enabled })} />
      {hours.enabled ? (
        <span className={css.times}>
          <input
            type="time"
            aria-label={t('hours.opens', { day: name })}
            required
            disabled={disabled}
            value={hours.open}
            onChange={(event) => onChange({ open: event.currentTarget.value })}
          />
          <span aria-hidden>–</span>
          <input
            type="time"
            aria-label={t('hours.closes', { day: name })}
            required
            disabled={disabled}
            value={close}
            onChange={(event) => {
              const next = event.currentTarget.value
              onChange({ close: next === '00:00' ? '24:00' : next })
            }}
          />
          <small data-wrong={wrong || undefined}>{note}</small>
        </span>
      ) : (
        <span className={css.dim}>{t('hours.shut')}</span>
      )}
    </li>
  )
}
