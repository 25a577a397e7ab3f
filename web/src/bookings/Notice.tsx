/** Why a time was not had, and what may be had instead. */
import { Button } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { ParleyError } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { isOver, type Slot, takenOf } from '../rules/slotDays.ts'
import { longTime } from '../text/time.ts'
import css from './bookings.module.css'

/** Whether the same can be had by asking again. */
const mayAgain = (error: unknown) => isOver(error) || (error instanceof ParleyError && error.temporary)

interface Props {
  error: unknown
  wanted: Slot | null
  busy: boolean
  onPick: (slot: Slot) => void
}

export function Notice({ error, wanted, busy, onPick }: Props) {
  const { session } = useConsole()
  const { t, clock } = useText()
  const box = useRef<HTMLDivElement>(null)
  // What was pressed is not there any more: whoever goes by keyboard goes on from here.
  useEffect(() => box.current?.focus(), [])
  const here = { ...clock, timeZone: session.tenant.timezone }
  const taken = takenOf(error)
  const lengthMs = wanted ? Date.parse(wanted.endsAt) - Date.parse(wanted.startsAt) : 0
  const nearby = (taken?.times ?? []).map((startsAt) => ({
    startsAt,
    endsAt: new Date(Date.parse(startsAt) + lengthMs).toISOString(),
    staffIds: [taken?.staffId ?? ''],
  }))
  return (
    <div ref={box} className={css.notice} role="alert" tabIndex={-1} data-testid="time-notice">
      {taken ? (
        <>
          <p>{t('bookings.taken', { time: wanted ? longTime(here, wanted.startsAt) : '' })}</p>
          <p>{t(nearby.length > 0 ? 'bookings.taken.nearby' : 'bookings.taken.other')}</p>
        </>
      ) : (
        <p>{isOver(error) ? t('bookings.over') : t('bookings.failed', { reason: reasonOf(error, t) })}</p>
      )}
      <div className={css.buttons}>
        {nearby.map((slot) => (
          <Button key={slot.startsAt} size="xs" variant="default" disabled={busy} onClick={() => onPick(slot)}>
            {longTime(here, slot.startsAt)}
          </Button>
        ))}
        {wanted && mayAgain(error) && (
          <Button size="xs" variant="default" disabled={busy} onClick={() => onPick(wanted)}>
            {isOver(error) ? t('bookings.again', { time: longTime(here, wanted.startsAt) }) : t('app.retry')}
          </Button>
        )}
      </div>
    </div>
  )
}
