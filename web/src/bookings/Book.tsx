/** A lead gets an appointment: a time is chosen, held, and booked. */
import { useState } from 'react'
import { type Booking, type Lead, ParleyError, type Staff } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { type Slot, titleOf } from '../rules/slotDays.ts'
import type { Words } from './ask.ts'
import css from './bookings.module.css'
import { ChooseTime, firstChoice } from './ChooseTime.tsx'
import { HeldForm } from './HeldForm.tsx'
import { Notice } from './Notice.tsx'
import { useAfter, useWhen } from './useBookings.ts'
import { useHold } from './useHold.ts'

export function Book({ lead, people, onClose }: { lead: Lead; people: Staff[]; onClose: () => void }) {
  const { queries } = useConsole()
  const { t } = useText()
  const when = useWhen()
  const after = useAfter()
  const [choice, setChoice] = useState(firstChoice)
  // Kept when a time is lost and another one is chosen.
  const [words, setWords] = useState<Words>({ title: titleOf(lead), comment: '' })
  const [wanted, setWanted] = useState<Slot | null>(null)
  const [ended, setEnded] = useState<unknown>(null)
  const booked = (booking: Booking) => {
    forget()
    after(booking)
    toast({ text: t('bookings.done', { time: when(booking), name: booking.staff.name }) })
    onClose()
  }
  const { held, take, release, forget } = useHold(lead.id, booked)
  const pick = (slot: Slot) => {
    if (take.isPending) return
    setWanted(slot)
    setEnded(null)
    take.mutate(slot, { onError: () => void queries.invalidateQueries({ queryKey: keys.allSlots }) })
  }
  const over = () => {
    if (held) setWanted({ startsAt: held.hold.startsAt, endsAt: held.hold.endsAt, staffIds: [held.hold.staff.id] })
    forget()
    setEnded(new ParleyError({ code: 'hold_ended', message: '', status: 410 }))
    void queries.invalidateQueries({ queryKey: keys.allSlots })
  }
  const trouble = ended ?? take.error
  if (held)
    return (
      <HeldForm
        key={held.hold.id}
        held={held}
        words={words}
        onWords={setWords}
        onBooked={booked}
        onOver={over}
        onOther={() => {
          setWanted(null)
          take.reset()
          release()
        }}
      />
    )
  return (
    <div className={css.steps}>
      {trouble !== null && !take.isPending && (
        <Notice key={wanted?.startsAt} error={trouble} wanted={wanted} busy={take.isPending} onPick={pick} />
      )}
      <ChooseTime
        people={people}
        choice={choice}
        busy={take.isPending}
        onChange={(next) => {
          setEnded(null)
          take.reset()
          setChoice(next)
        }}
        onPick={pick}
      />
    </div>
  )
}
