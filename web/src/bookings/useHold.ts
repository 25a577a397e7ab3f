/**
 * A time is held while its words are written: one at a time, released when another is chosen, and when the dialog or the page
 * is closed. What could not be released, because the network was away, ends by itself.
 */
import { useMutation } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Booking } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { bookedBefore, type Slot } from '../rules/slotDays.ts'
import { type Held, takeOne } from './ask.ts'

/** `onBooked`: what was to be given back turned out to be booked, by a press whose answer was lost. */
export function useHold(leadId: string, onBooked: (booking: Booking) => void) {
  const { api } = useConsole()
  const told = useRef(onBooked)
  told.current = onBooked
  const [held, setHeld] = useState<Held | null>(null)
  /** To be given back. */
  const mine = useRef<string | null>(null)
  const open = useRef(true)
  const unsure = useRef(new Map<string, number>())

  const release = useCallback(() => {
    const id = mine.current
    mine.current = null
    setHeld(null)
    if (!id) return
    api.bookings.release(id).catch(async (error: unknown) => {
      const booked = bookedBefore(error)
      const booking = booked === null ? null : await api.bookings.get(booked).catch(() => null)
      if (booking) told.current(booking)
    })
  }, [api])
  useEffect(() => {
    open.current = true
    window.addEventListener('pagehide', release)
    return () => {
      window.removeEventListener('pagehide', release)
      open.current = false
      release()
    }
  }, [release])

  const take = useMutation({
    mutationFn: (wanted: Slot) => takeOne(api, { leadId, wanted, unsure: unsure.current }),
    onSuccess: ({ hold, until }) => {
      if (mine.current) release()
      mine.current = hold.id
      if (open.current) setHeld({ hold, until })
      else release()
    },
  })
  /** It is used, or over: nothing is given back. */
  const forget = useCallback(() => {
    mine.current = null
    setHeld(null)
  }, [])
  return { held, take, release, forget }
}
