/** One appointment: when, who, how long, how it stands, and what may be done with it. */
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Booking } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { useText } from '../app/text.tsx'
import { stepsOf } from '../rules/bookingSteps.ts'
import { duration } from '../text/time.ts'
import { asked } from './asked.ts'
import css from './bookings.module.css'
import { useOutcome, useWhen } from './useBookings.ts'

interface Props {
  booking: Booking
  may: boolean
  /** Where the day stands above it already. */
  time?: string
  children?: ReactNode
}

export function BookingLine({ booking, may, time, children }: Props) {
  const { t, clock } = useText()
  const now = useNow()
  const when = useWhen()
  const outcome = useOutcome()
  const steps = may ? stepsOf(booking, now) : []
  return (
    <article className={css.booking} data-status={booking.status} data-testid="booking">
      <div className={css.bookingHead}>
        <time dateTime={booking.startsAt}>{time ?? when(booking)}</time>
        <span className={css.state} data-state={booking.status}>
          {t(`bookings.status.${booking.status}`)}
        </span>
      </div>
      {children}
      <p className={css.dim}>
        <bdi>{booking.staff.name}</bdi> · {duration(clock, booking.minutes * 60_000)}
      </p>
      {booking.title && <p dir="auto">{booking.title}</p>}
      {booking.comment && (
        <p className={css.dim} dir="auto">
          {booking.comment}
        </p>
      )}
      {steps.length > 0 && (
        <div className={css.buttons}>
          {steps.map((step) => (
            <Button
              key={step}
              size="compact-xs"
              variant="default"
              disabled={outcome.isPending}
              aria-label={`${t(`bookings.do.${step}`)}: ${when(booking)}`}
              onClick={() => (step === 'move' ? asked.set({ booking }) : outcome.to(booking, step))}
            >
              {t(`bookings.do.${step}`)}
            </Button>
          ))}
        </div>
      )}
    </article>
  )
}
