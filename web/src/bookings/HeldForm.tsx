/** A time that is held: for how long still, what is to be done, and the button that books it. */
import { Button, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { Booking } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { isOver, secondsLeft } from '../rules/slotDays.ts'
import { duration, playTime } from '../text/time.ts'
import { bookHeld, type Held, type Words } from './ask.ts'
import css from './bookings.module.css'
import { Zone } from './ChooseTime.tsx'
import { useWhen } from './useBookings.ts'

interface Props {
  held: Held
  words: Words
  onWords: (words: Words) => void
  onBooked: (booking: Booking) => void
  onOver: () => void
  onOther: () => void
}

/** Below it the colour says that it is getting late, and it is said aloud. */
const LATE_SECONDS = 120

export function HeldForm({ held, words, onWords, onBooked, onOver, onOther }: Props) {
  const { api, session } = useConsole()
  const { t, clock } = useText()
  const when = useWhen()
  const { hold, until } = held
  const book = useMutation({
    mutationFn: () => bookHeld(api, hold.id, words),
    onSuccess: onBooked,
    onError: (error) => {
      if (isOver(error)) onOver()
    },
  })
  const left = useSecondsLeft(until)
  // Whether it was booked after all, the server says when it is asked again.
  const over = left === 0 && !book.isPending && !book.isError
  const end = useRef(onOver)
  end.current = onOver
  useEffect(() => {
    if (over) end.current()
  }, [over])
  const head = useRef<HTMLHeadingElement>(null)
  useEffect(() => head.current?.focus(), [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!book.isPending) book.mutate()
  }
  return (
    <form className={css.held} onSubmit={submit} data-testid="held">
      <h3 ref={head} tabIndex={-1}>
        {when(hold)}
      </h3>
      <p className={css.dim}>
        <bdi>{hold.staff.name}</bdi> · {duration(clock, hold.minutes * 60_000)}
      </p>
      <Zone zone={session.tenant.timezone} at={Date.parse(hold.startsAt)} />
      <p className={css.left} data-late={left < LATE_SECONDS || undefined}>
        <span role="timer">{t('bookings.left', { time: playTime(left) })}</span>
        <span className="visually-hidden" role="status">
          {left < LATE_SECONDS ? t('bookings.left.soon') : ''}
        </span>
      </p>
      <TextInput
        size="xs"
        label={t('bookings.title')}
        dir="auto"
        maxLength={255}
        value={words.title}
        onChange={(event) => onWords({ ...words, title: event.currentTarget.value })}
      />
      <Textarea
        size="xs"
        label={t('bookings.comment')}
        description={t('bookings.comment.text')}
        dir="auto"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={2000}
        value={words.comment}
        onChange={(event) => onWords({ ...words, comment: event.currentTarget.value })}
      />
      {book.isError && !isOver(book.error) && (
        <p className={css.error} role="alert">
          {t('bookings.failed', { reason: reasonOf(book.error, t) })} {t('bookings.failed.once')}
        </p>
      )}
      <div className={css.end}>
        <Button variant="default" disabled={book.isPending} onClick={onOther}>
          {t('bookings.other')}
        </Button>
        <Button type="submit" loading={book.isPending}>
          {t('bookings.do')}
        </Button>
      </div>
    </form>
  )
}

function useSecondsLeft(until: number): number {
  const [left, setLeft] = useState(() => secondsLeft(until, Date.now()))
  useEffect(() => {
    const look = () => setLeft(secondsLeft(until, Date.now()))
    look()
    const timer = setInterval(look, 500)
    return () => clearInterval(timer)
  }, [until])
  return left
}
