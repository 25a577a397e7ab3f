/** Appointments of a lead, and the way to one. */
import { Button, Skeleton } from '@mantine/core'
import IconCalendarPlus from '@tabler/icons-react/dist/esm/icons/IconCalendarPlus.mjs'
import type { Lead } from '../../../client/index.ts'
import { mayWrite, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { inOrder, isAhead } from '../rules/bookingSteps.ts'
import { asked } from './asked.ts'
import { BookingLine } from './BookingLine.tsx'
import css from './bookings.module.css'
import { Zone } from './ChooseTime.tsx'
import { useLeadBookings } from './useBookings.ts'

export function Appointments({ lead }: { lead: Lead }) {
  const { session } = useConsole()
  const { t } = useText()
  const bookings = useLeadBookings(lead.id)
  const may = mayWrite(session)
  const all = inOrder(bookings.data ?? [])
  const ahead = all.find((one) => isAhead(one.status))
  return (
    <section className={css.appointments} aria-label={t('bookings.appointments')} data-testid="appointments">
      {bookings.isPending && <Skeleton height={32} />}
      {bookings.isError && !bookings.data && (
        <Failed text={t('context.failed')} reason={reasonOf(bookings.error, t)} onRetry={() => void bookings.refetch()} />
      )}
      {ahead && <Zone zone={session.tenant.timezone} at={Date.parse(ahead.startsAt)} />}
      {all.map((one) => (
        <BookingLine key={one.id} booking={one} may={may} />
      ))}
      {may && bookings.data && lead.joinedInto === null && lead.status !== 'lost' && (
        <Button
          size="xs"
          variant={ahead ? 'default' : 'filled'}
          leftSection={<IconCalendarPlus size={16} aria-hidden />}
          onClick={() => asked.set({ lead })}
        >
          {t(ahead ? 'bookings.another' : 'bookings.book')}
        </Button>
      )}
    </section>
  )
}
