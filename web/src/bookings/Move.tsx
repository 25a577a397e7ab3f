/** An appointment gets another time, or another person, in one step: until then it stays as it is. */
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Booking, Staff } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { type Slot, takenOf } from '../rules/slotDays.ts'
import { moveTo } from './ask.ts'
import css from './bookings.module.css'
import { ChooseTime, firstChoice, Zone } from './ChooseTime.tsx'
import { Notice } from './Notice.tsx'
import { useAfter, useWhen } from './useBookings.ts'

export function Move({ booking, people, onClose }: { booking: Booking; people: Staff[]; onClose: () => void }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const when = useWhen()
  const after = useAfter()
  const there = people.some((one) => one.id === booking.staff.id)
  const [choice, setChoice] = useState(() => firstChoice({ staffId: there ? booking.staff.id : '', minutes: booking.minutes }))
  const [chosen, setChosen] = useState<Slot | null>(null)
  const move = useMutation({
    mutationFn: (slot: Slot) => moveTo(api, booking, slot),
    onSuccess: (next) => {
      after(next)
      toast({ text: t('bookings.moved', { time: when(next), name: next.staff.name }) })
      onClose()
    },
    onError: (error) => {
      void queries.invalidateQueries({ queryKey: keys.allBookings })
      void queries.invalidateQueries({ queryKey: keys.allSlots })
      if (takenOf(error)) setChosen(null)
    },
  })
  const pick = (slot: Slot) => {
    move.reset()
    setChosen(slot)
  }
  const trouble = move.isError && (
    <Notice
      error={move.error}
      wanted={move.variables}
      busy={move.isPending}
      onPick={takenOf(move.error) ? pick : (slot) => move.mutate(slot)}
    />
  )
  if (chosen)
    return (
      <Chosen slot={chosen} name={nameOf(people, chosen)}>
        <p className={css.dim}>{t('bookings.move.from', { time: when(booking), name: booking.staff.name })}</p>
        {trouble}
        <div className={css.end}>
          <Button
            variant="default"
            disabled={move.isPending}
            onClick={() => {
              move.reset()
              setChosen(null)
            }}
          >
            {t('bookings.other')}
          </Button>
          <Button loading={move.isPending} onClick={() => move.mutate(chosen)}>
            {t('bookings.move')}
          </Button>
        </div>
      </Chosen>
    )
  return (
    <div className={css.steps}>
      <p className={css.dim}>{t('bookings.move.from', { time: when(booking), name: booking.staff.name })}</p>
      {trouble}
      <ChooseTime people={people} choice={choice} busy={false} onChange={setChoice} onPick={pick} />
    </div>
  )
}

const nameOf = (people: Staff[], slot: Slot): string => people.find((one) => one.id === slot.staffIds[0])?.name ?? ''

function Chosen({ slot, name, children }: { slot: Slot; name: string; children: React.ReactNode }) {
  const { session } = useConsole()
  const when = useWhen()
  const head = useRef<HTMLHeadingElement>(null)
  useEffect(() => head.current?.focus(), [])
  return (
    <div className={css.held} data-testid="chosen">
      <h3 ref={head} tabIndex={-1}>
        {when(slot)}
      </h3>
      <p className={css.dim}>
        <bdi>{name}</bdi>
      </p>
      <Zone zone={session.tenant.timezone} at={Date.parse(slot.startsAt)} />
      {children}
    </div>
  )
}
