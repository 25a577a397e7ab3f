/** Whom to expect when: what is to come, day by day, and what was. */
import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Booking, ListBookings } from '../../../client/index.ts'
import { mayWrite, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { type AppointmentsSearch, byDay } from '../rules/bookingSteps.ts'
import { clockRange, dayOf, dayTitle } from '../text/time.ts'
import { BookingLine } from './BookingLine.tsx'
import css from './bookings.module.css'
import { Zone } from './ChooseTime.tsx'
import { useBookings, useStaff } from './useBookings.ts'

/** One that began a while ago may be under way, or has to be settled still: it is shown among those to come. */
const UNDER_WAY_MS = 12 * 3_600_000
const HOUR_MS = 3_600_000

/** From the same full hour for everybody who looks within it, so that the question stays the same. */
function filterOf({ show, with: staffId }: AppointmentsSearch, openedAt: number): ListBookings {
  const edge = new Date(Math.floor(openedAt / HOUR_MS) * HOUR_MS - UNDER_WAY_MS).toISOString()
  return { ...(staffId ? { staffId } : {}), ...(show ? { to: edge, order: 'desc' } : { from: edge, order: 'asc' }) }
}

export function AppointmentsPage() {
  const { session } = useConsole()
  const { t, clock } = useText()
  const search = useSearch({ from: '/appointments' })
  const navigate = useNavigate()
  const [openedAt] = useState(() => Date.now())
  const staff = useStaff().data ?? []
  const { pages, bookings: all } = useBookings(filterOf(search, openedAt))
  // Whoever was not to come any more is not expected; what was, is told as it was.
  const bookings = search.show ? all : all.filter((one) => one.status !== 'cancelled')
  const here = { ...clock, timeZone: session.tenant.timezone }
  const go = (next: AppointmentsSearch) => void navigate({ to: '/appointments', search: next, replace: true })
  const { show: _show, ...rest } = search
  return (
    <div className={css.page}>
      <header className={css.pageHead}>
        <h1>{t('nav.appointments')}</h1>
        {staff.length > 1 && (
          <NativeSelect
            size="xs"
            aria-label={t('bookings.whom')}
            value={search.with ?? ''}
            onChange={(event) =>
              go({
                ...(search.show ? { show: search.show } : {}),
                ...(event.currentTarget.value ? { with: event.currentTarget.value } : {}),
              })
            }
            data={[{ value: '', label: t('bookings.everybody') }, ...staff.map((one) => ({ value: one.id, label: one.name }))]}
          />
        )}
        <fieldset className={css.views} aria-label={t('leads.view')}>
          {([undefined, 'past'] as const).map((show) => (
            <Button
              key={show ?? 'ahead'}
              size="xs"
              variant={search.show === show ? 'filled' : 'default'}
              aria-pressed={search.show === show}
              onClick={() => go({ ...rest, ...(show ? { show } : {}) })}
            >
              {t(show ? 'bookings.past' : 'bookings.ahead')}
            </Button>
          ))}
        </fieldset>
      </header>
      <div className={css.list}>
        <div className={css.listColumn}>
          {pages.isPending && <Skeleton height={240} />}
          {pages.isError && !pages.data && (
            <Failed text={t('context.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
          )}
          {pages.data && bookings.length === 0 && !pages.hasNextPage && (
            <Empty title={t(search.show ? 'bookings.past.empty' : 'bookings.ahead.empty')} text={t('bookings.empty.text')} />
          )}
          {bookings.length > 0 && <Zone zone={session.tenant.timezone} at={openedAt} />}
          {byDay(bookings, (at) => dayOf(here, at)).map(([day, some]) => (
            <section key={day} className={css.dayList} aria-label={dayTitle(here, Date.parse(some[0]?.startsAt ?? ''))}>
              <h2>{dayTitle(here, Date.parse(some[0]?.startsAt ?? ''))}</h2>
              {some.map((one) => (
                <BookingLine
                  key={one.id}
                  booking={one}
                  may={mayWrite(session)}
                  time={clockRange(here, one.startsAt, one.endsAt)}
                >
                  <Whose booking={one} />
                </BookingLine>
              ))}
            </section>
          ))}
          {pages.hasNextPage && (
            <Button size="xs" variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {t('app.more')}
            </Button>
          )}
        </div>
      </div>
    </div>
  )
}

function Whose({ booking }: { booking: Booking }) {
  const { t } = useText()
  const name = <bdi>{booking.contact?.name ?? booking.contact?.phone ?? t('leads.nameless')}</bdi>
  if (!booking.contact) return null
  if (!booking.leadId) return <p className={css.whose}>{name}</p>
  return (
    <p className={css.whose}>
      <Link to="/leads" search={{ lead: booking.leadId }}>
        {name}
      </Link>
    </p>
  )
}
