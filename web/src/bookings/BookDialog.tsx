/** A time is chosen, for a lead or as another one of an appointment. */
import { Button, Modal, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { Link, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { leadName } from '../leads/parts.tsx'
import type { Asked } from './asked.ts'
import { Book } from './Book.tsx'
import css from './bookings.module.css'
import { Move } from './Move.tsx'
import { useStaff } from './useBookings.ts'

export function BookDialog({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const { t } = useText()
  const phone = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const staff = useStaff()
  const people = staff.data?.filter((one) => one.isActive)
  useCloseWithPage(onClose)
  const title =
    'lead' in asked
      ? t('bookings.for', { name: leadName(asked.lead, t) })
      : t('bookings.move.of', { name: asked.booking.contact?.name ?? asked.booking.staff.name })
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={560}
      fullScreen={phone}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div data-testid="booking-dialog" className={css.dialog}>
        {staff.isPending && <Skeleton height={320} />}
        {staff.isError && !people && (
          <Failed text={t('context.failed')} reason={reasonOf(staff.error, t)} onRetry={() => void staff.refetch()} />
        )}
        {people?.length === 0 && <Nobody />}
        {people && people.length > 0 && 'lead' in asked && <Book lead={asked.lead} people={people} onClose={onClose} />}
        {people && people.length > 0 && 'booking' in asked && (
          <Move booking={asked.booking} people={people} onClose={onClose} />
        )}
      </div>
    </Modal>
  )
}

/** The back button, and every link out of the dialog. */
function useCloseWithPage(onClose: () => void): void {
  const here = useLocation({ select: (location) => location.href })
  const first = useRef(here)
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    if (here !== first.current) close.current()
  }, [here])
}

function Nobody() {
  const { session } = useConsole()
  const { t } = useText()
  const may = mayManage(session)
  return (
    <div className={css.nothing}>
      <Empty title={t('bookings.nobody')} text={t(may ? 'bookings.nobody.add' : 'bookings.nobody.ask')} />
      {may && (
        <Button component={Link} to="/settings/staff">
          {t('bookings.nobody.do')}
        </Button>
      )}
    </div>
  )
}
