/** People's time: who is booked, what is free, holds and bookings. */
import { type Connection, request } from './http.ts'
import type * as T from './types.ts'

type Signal = { signal?: AbortSignal }
const at = (id: string) => encodeURIComponent(id)

export const scheduling = (c: Connection) => ({
  staff: {
    list: (o: Signal = {}) => request<{ items: T.Staff[] }>(c, '/api/staff', o),
    create: (json: T.CreateStaff) => request<T.Staff>(c, '/api/staff', { method: 'POST', json }),
    update: (id: string, json: T.PatchStaff) => request<T.Staff>(c, `/api/staff/${at(id)}`, { method: 'PATCH', json }),
    /** Only one who was never booked; others are deactivated. */
    remove: (id: string) => request<null>(c, `/api/staff/${at(id)}`, { method: 'DELETE' }),
  },
  bookings: {
    slots: (query: T.AskSlots = {}, o: Signal = {}) =>
      request<T.Slots>(c, '/api/bookings/slots', { query: { ...query }, ...o }),
    list: (query: T.ListBookings = {}, o: Signal = {}) =>
      request<T.Page<T.Booking>>(c, '/api/bookings', { query: { ...query }, ...o }),
    get: (id: string, o: Signal = {}) => request<T.Booking>(c, `/api/bookings/${at(id)}`, o),
    /** By using up a hold, or at once. `slot_taken` (409) names times near it that are free in `details.nearby`. */
    create: (json: T.CreateBooking) => request<T.Booking>(c, '/api/bookings', { method: 'POST', json }),
    update: (id: string, json: T.PatchBooking) => request<T.Booking>(c, `/api/bookings/${at(id)}`, { method: 'PATCH', json }),
    /** For 15 minutes. */
    hold: (json: T.CreateHold) => request<T.BookingHold>(c, '/api/bookings/holds', { method: 'POST', json }),
    holds: (o: Signal = {}) => request<{ items: T.BookingHold[] }>(c, '/api/bookings/holds', o),
    getHold: (id: string, o: Signal = {}) => request<T.BookingHold>(c, `/api/bookings/holds/${at(id)}`, o),
    release: (id: string) => request<null>(c, `/api/bookings/holds/${at(id)}`, { method: 'DELETE', keepalive: true }),
  },
})
