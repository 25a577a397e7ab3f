/** People's time as the server has it, and what became of appointments. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { AskSlots, Booking, ListBookings } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { mayBecome, type Outcome } from '../rules/bookingSteps.ts'
import { takenOf } from '../rules/slotDays.ts'
import { useChange } from '../settings/parts.tsx'
import { timeRange } from '../text/time.ts'

export function useStaff() {
  const { api } = useConsole()
  return useQuery({ queryKey: keys.staff, queryFn: async ({ signal }) => (await api.staff.list({ signal })).items })
}

/** What is free now is not free for ever, also where nobody books: it passes. */
const PASSES_MS = 60_000

export function useSlots(asked: AskSlots) {
  const { api } = useConsole()
  return useQuery({
    queryKey: keys.slots(asked),
    queryFn: ({ signal }) => api.bookings.slots(asked, { signal }),
    placeholderData: keepPreviousData,
    staleTime: PASSES_MS,
    refetchInterval: PASSES_MS,
  })
}

/** More than any lead has. */
const mostOfLead = 50

export function useLeadBookings(leadId: string) {
  const { api } = useConsole()
  const filter: ListBookings = { leadId, order: 'desc', limit: mostOfLead }
  return useQuery({
    queryKey: keys.bookings(filter),
    queryFn: async ({ signal }) => (await api.bookings.list(filter, { signal })).items,
  })
}

export function useBookings(filter: ListBookings) {
  const { api } = useConsole()
  const pages = useInfiniteQuery({
    queryKey: keys.bookings(filter),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.bookings.list({ ...filter, cursor: pageParam }, { signal }),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  return { pages, bookings: pages.data?.pages.flatMap((page) => page.items) ?? [] }
}

/** After an answer: the stream tells the rest of the page, and others, a moment later. */
export function useAfter() {
  const { queries } = useConsole()
  return (booking: Booking): void => {
    void queries.invalidateQueries({ queryKey: keys.allBookings })
    void queries.invalidateQueries({ queryKey: keys.allSlots })
    if (booking.leadId) void queries.invalidateQueries({ queryKey: keys.lead(booking.leadId) })
  }
}

/** When an appointment is, by the clocks of the business. */
export function useWhen(): (booking: Pick<Booking, 'startsAt' | 'endsAt'>) => string {
  const { session } = useConsole()
  const { clock } = useText()
  return ({ startsAt, endsAt }) => timeRange({ ...clock, timeZone: session.tenant.timezone }, startsAt, endsAt)
}

/** What became of it, with the way back. Taking it up again may come too late: its time was free meanwhile. */
export function useOutcome() {
  const { api } = useConsole()
  const { t } = useText()
  const when = useWhen()
  const after = useAfter()
  const change = useChange({
    run: ({ booking, to }: { booking: Booking; to: Booking['status']; undone?: boolean }) =>
      api.bookings.update(booking.id, { status: to }),
    quiet: true,
    after: (next, { booking, undone }) => {
      after(next)
      const back = booking.status
      toast({
        text: t(`bookings.is.${next.status}`, { time: when(next) }),
        ...(undone || !mayBecome(next.status, back)
          ? {}
          : { action: { label: t('app.undo'), run: () => mutate({ booking: next, to: back, undone: true }) } }),
      })
    },
  })
  const mutate = (given: Parameters<typeof change.mutate>[0]) =>
    change.mutate(given, {
      onError: (error) =>
        toast({
          text: takenOf(error) ? t('bookings.back.taken') : t('thread.actionFailed', { reason: reasonOf(error, t) }),
          tone: 'bad',
        }),
    })
  return { isPending: change.isPending, to: (booking: Booking, to: Outcome) => mutate({ booking, to }) }
}
