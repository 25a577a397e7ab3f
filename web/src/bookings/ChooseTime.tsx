/** Whom, how long, and which of the free times: seven days at once, one of them open. Days and hours are by the clocks of the business. */
import { ActionIcon, Button, NativeSelect, Skeleton } from '@mantine/core'
import IconChevronLeft from '@tabler/icons-react/dist/esm/icons/IconChevronLeft.mjs'
import IconChevronRight from '@tabler/icons-react/dist/esm/icons/IconChevronRight.mjs'
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, useState } from 'react'
import type { Slots, Staff } from '../../../client/index.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import {
  dayAfter,
  lengths,
  type Slot,
  type SlotDay,
  sameClocks,
  shownDay,
  shownDays,
  slotDays,
  stretches,
} from '../rules/slotDays.ts'
import { clockTime, dayOf, dayRange, dayTitle, duration, zoneName } from '../text/time.ts'
import css from './bookings.module.css'
import { useSlots } from './useBookings.ts'

export interface Choice {
  /** '': whoever is free. */
  staffId: string
  minutes: number
  /** The first of the days that are shown; null: today. */
  from: string | null
  /** The one that is open; null: the first that has something. */
  day: string | null
}
export const firstChoice = (of: { staffId?: string; minutes?: number } = {}): Choice => ({
  ...{ staffId: '', minutes: 60, from: null, day: null },
  ...of,
})

interface Props {
  people: Staff[]
  choice: Choice
  busy: boolean
  onChange: (choice: Choice) => void
  onPick: (slot: Slot) => void
}

export function ChooseTime({ people, choice, busy, onChange, onPick }: Props) {
  const { t, clock } = useText()
  const slots = useSlots({
    ...{ days: shownDays, minutes: choice.minutes },
    ...(choice.from ? { from: choice.from } : {}),
    ...(choice.staffId ? { staffId: choice.staffId } : {}),
  })
  return (
    <div className={css.choose}>
      <div className={css.asked}>
        {people.length > 1 && (
          <NativeSelect
            size="xs"
            label={t('bookings.whom')}
            value={choice.staffId}
            onChange={(event) => onChange({ ...choice, staffId: event.currentTarget.value })}
            data={[
              { value: '', label: t('bookings.anybody') },
              ...people.map((one) => ({ value: one.id, label: [one.name, one.specialization].filter(Boolean).join(' · ') })),
            ]}
          />
        )}
        <NativeSelect
          size="xs"
          label={t('bookings.length')}
          value={String(choice.minutes)}
          onChange={(event) => onChange({ ...choice, minutes: Number(event.currentTarget.value) })}
          data={lengths(choice.minutes).map((n) => ({ value: String(n), label: duration(clock, n * 60_000) }))}
        />
      </div>
      {slots.isPending && <Skeleton height={280} />}
      {slots.isError && !slots.data && (
        <Failed text={t('context.failed')} reason={reasonOf(slots.error, t)} onRetry={() => void slots.refetch()} />
      )}
      {slots.data && (
        <Week
          slots={slots.data}
          day={choice.day}
          busy={busy}
          waits={slots.isPlaceholderData}
          onDay={(day) => onChange({ ...choice, day })}
          onFrom={(from) => onChange({ ...choice, from, day: null })}
          onPick={onPick}
        />
      )}
    </div>
  )
}

interface WeekProps {
  slots: Slots
  day: string | null
  busy: boolean
  waits: boolean
  onDay: (day: string) => void
  onFrom: (day: string) => void
  onPick: (slot: Slot) => void
}

/** Noon of a day as if the place were at Greenwich: the name of a day depends on no zone. */
const noon = (day: string) => Date.parse(`${day}T12:00Z`)

function Week({ slots, day, busy, waits, onDay, onFrom, onPick }: WeekProps) {
  const { t, clock } = useText()
  const now = useNow()
  const days = slotDays(slots)
  const shown = shownDay(days, day)
  const calendar = { ...clock, timeZone: 'UTC' }
  const { before, after } = stretches(slots.from, dayOf({ ...clock, timeZone: slots.timezone }, now))
  const name = (of: SlotDay, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(clock.language, { timeZone: 'UTC', ...options }).format(noon(of.day))
  const arrow = (label: string, to: string | null, icon: 'back' | 'on') => (
    <ActionIcon
      className={css.arrow}
      variant="default"
      size={32}
      aria-label={label}
      disabled={to === null}
      onClick={() => to && onFrom(to)}
    >
      {icon === 'back' ? <IconChevronLeft size={18} aria-hidden /> : <IconChevronRight size={18} aria-hidden />}
    </ActionIcon>
  )
  return (
    <div className={css.week} data-waits={waits || undefined} aria-busy={waits}>
      <div className={css.strip}>
        {arrow(t('bookings.earlier'), before, 'back')}
        <span>{dayRange(calendar, noon(slots.from), noon(dayAfter(slots.from, slots.days - 1)))}</span>
        {arrow(t('bookings.later'), after, 'on')}
      </div>
      <fieldset className={css.days} aria-label={t('bookings.day')}>
        {days.map((one) => (
          <button
            key={one.day}
            type="button"
            className={css.day}
            aria-pressed={one.day === shown?.day}
            data-empty={one.slots.length === 0 || undefined}
            onClick={() => onDay(one.day)}
          >
            <small>{name(one, { weekday: 'short' })}</small> <b>{name(one, { day: 'numeric' })}</b>
            <span className="visually-hidden">, {t('bookings.free', { n: one.slots.length })}</span>
          </button>
        ))}
      </fieldset>
      <Zone zone={slots.timezone} at={noon(slots.from)} />
      {shown && (
        <>
          <h3 className={css.dayTitle}>{dayTitle(calendar, noon(shown.day))}</h3>
          {shown.slots.length > 0 ? (
            <Times key={shown.day} day={shown} zone={slots.timezone} busy={busy || waits} onPick={onPick} />
          ) : (
            <NothingFree week={days.every((one) => one.slots.length === 0)} after={after} onFrom={onFrom} />
          )}
        </>
      )}
    </div>
  )
}

/** Said only to those whose own clocks show something else. */
export function Zone({ zone, at }: { zone: string; at: number }) {
  const { t, clock } = useText()
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (sameClocks(zone, own, at)) return null
  return <p className={css.zone}>{t('bookings.zone', { zone: zoneName(clock.language, zone, at) })}</p>
}

function NothingFree({ week, after, onFrom }: { week: boolean; after: string | null; onFrom: (day: string) => void }) {
  const { session } = useConsole()
  const { t } = useText()
  return (
    <div className={css.nothing}>
      <Empty title={t(week ? 'bookings.none.week' : 'bookings.none.day')} text={t('bookings.none.text')} />
      <div className={css.buttons}>
        {week && after && (
          <Button size="xs" variant="default" onClick={() => onFrom(after)}>
            {t('bookings.later')}
          </Button>
        )}
        {week && mayManage(session) && (
          <Button size="xs" variant="default" component={Link} to="/settings/hours">
            {t('settings.hours')}
          </Button>
        )}
      </div>
    </div>
  )
}

const moves: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** One stop of the Tab key; arrows go from time to time, Home and End to the first and the last. */
function Times(props: { day: SlotDay; zone: string; busy: boolean; onPick: (slot: Slot) => void }) {
  const { t, clock } = useText()
  const [at, setAt] = useState(0)
  const { slots } = props.day
  const here = { ...clock, timeZone: props.zone }
  const last = slots.length - 1
  const key = (event: KeyboardEvent<HTMLFieldSetElement>) => {
    const towards = (moves[event.key] ?? 0) * (event.key.endsWith('t') && document.documentElement.dir === 'rtl' ? -1 : 1)
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? last : towards ? at + towards : null
    if (next === null) return
    event.preventDefault()
    const to = Math.min(Math.max(next, 0), last)
    setAt(to)
    event.currentTarget.querySelectorAll('button')[to]?.focus()
  }
  return (
    <fieldset className={css.times} aria-label={t('bookings.times')} onKeyDown={key} data-testid="free-times">
      {slots.map((slot, n) => (
        <button
          key={slot.startsAt}
          type="button"
          className={css.time}
          tabIndex={n === Math.min(at, last) ? 0 : -1}
          aria-disabled={props.busy}
          onFocus={() => setAt(n)}
          onClick={() => !props.busy && props.onPick(slot)}
        >
          {clockTime(here, slot.startsAt)}
        </button>
      ))}
    </fieldset>
  )
}
