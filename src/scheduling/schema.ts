/** What the API takes and gives of people's time. Types of the console and of the published client come from here. */
import { z } from 'zod'
import { cleanText } from '../kernel/text.ts'
import { bookingSources, bookingStatuses, longest, shortest } from './rules.ts'
import { mostDays } from './slots.ts'

const id = z.uuid()
const time = z.iso.datetime()
const status = z.enum(bookingStatuses)
const money = z.number().min(0).max(99_999_999.99).multipleOf(0.01)
const text = (max: number) => z.string().trim().max(max)
const minutes = z.number().int().min(shortest).max(longest)
const moment = z.iso
  .datetime({ offset: true })
  .refine((at) => Date.parse(at) % 60_000 === 0, 'must be a whole minute')
  .describe('With an offset, or Z.')

export const staffView = z
  .object({
    id,
    name: z.string(),
    specialization: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    user: z
      .object({ id, name: z.string() })
      .nullable()
      .describe('The colleague who it is; null: does not sign in, or is a room.'),
    rating: z.number().nullable(),
    weight: z.number().int().describe('Who stands first: the heaviest.'),
    isActive: z.boolean().describe('Takes new bookings.'),
    isHidden: z.boolean().describe('Is offered to nobody who does not ask for them.'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Staff' })
export type StaffView = z.infer<typeof staffView>
export const staffList = z.object({ items: z.array(staffView) })

const staffFields = {
  specialization: text(255).nullable(),
  avatarUrl: z
    .url({ protocol: /^https$/ })
    .max(2000)
    .nullable(),
  phone: text(32).nullable(),
  email: z.email().max(255).nullable(),
  userId: id.nullable().describe('A colleague of this business.'),
  weight: z.number().int().min(-1000).max(1000),
  isActive: z.boolean(),
  isHidden: z.boolean(),
}
const name = text(255)
  .min(1)
  .refine((given) => cleanText(given).trim() !== '', 'must not be empty')
export const createStaff = z.object({ name, ...z.object(staffFields).partial().shape }).strict()
export const patchStaff = z
  .object({ name, ...staffFields })
  .partial()
  .strict()
export type PatchStaff = z.infer<typeof patchStaff>

/** For whom: a lead or a conversation says which contact, too. */
const whom = {
  leadId: id.optional().describe('Its status becomes appointment_scheduled when it is booked.'),
  conversationId: id.optional().describe('With it the open lead that it is about.'),
  contactId: id.optional(),
}
const onlyOne = (given: { leadId?: string; conversationId?: string; contactId?: string }) =>
  [given.leadId, given.conversationId, given.contactId].filter((one) => one !== undefined).length <= 1
const onlyOneWords = 'give one of leadId, conversationId and contactId: it says the others'
export interface Whom {
  leadId?: string | undefined
  conversationId?: string | undefined
  contactId?: string | undefined
}

export const askSlots = z.object({
  from: z.iso
    .date()
    .regex(/^(19|20|21)/, 'must be in this century or a neighbour of it')
    .optional()
    .describe("The first day, by the business's calendar; today where none is given."),
  days: z.coerce.number().int().min(1).max(mostDays).default(7),
  minutes: z.coerce.number().int().min(shortest).max(longest).default(60).describe('Shorter gaps are left out.'),
  staffId: id.optional().describe('With this person; else with anybody who takes bookings and is not hidden.'),
})
export type AskSlots = z.output<typeof askSlots>
export const slots = z
  .object({
    timezone: z.string().describe("The business's: days and hours are by its clocks."),
    from: z.string().describe('The first day.'),
    days: z.number().int(),
    minutes: z.number().int(),
    items: z.array(z.object({ startsAt: time, endsAt: time, staffIds: z.array(id).describe('Who is free then.') })),
  })
  .meta({ id: 'Slots' })
export type Slots = z.infer<typeof slots>

const slot = { staffId: id, startsAt: moment, minutes }
export const createHold = z
  .object({ ...slot, ...whom })
  .strict()
  .refine(onlyOne, onlyOneWords)
export type CreateHold = z.infer<typeof createHold>

export const holdView = z
  .object({
    id,
    state: z.enum(['held', 'used', 'released', 'ended']),
    staff: z.object({ id, name: z.string() }),
    startsAt: time,
    endsAt: time,
    minutes: z.number().int(),
    expiresAt: time.describe('From then on the time is free again, unless it was booked.'),
    bookingId: id.nullable().describe('What used it up.'),
    leadId: id.nullable(),
    conversationId: id.nullable(),
    contactId: id.nullable(),
    createdAt: time,
  })
  .meta({ id: 'BookingHold' })
export type HoldView = z.infer<typeof holdView>
export const holdList = z.object({ items: z.array(holdView) })

export const bookingView = z
  .object({
    id,
    status,
    staff: z.object({ id, name: z.string() }),
    contact: z.object({ id, name: z.string().nullable(), phone: z.string().nullable() }).nullable(),
    leadId: id.nullable(),
    conversationId: id.nullable(),
    title: z.string().nullable().describe('What is to be done.'),
    startsAt: time,
    endsAt: time,
    minutes: z.number().int(),
    cost: z.number().nullable(),
    paid: z.boolean(),
    comment: z.string().nullable().describe('For colleagues.'),
    clientComment: z.string().nullable().describe("The customer's own words."),
    source: z.enum(bookingSources),
    version: z.number().int().describe('Goes up with every change.'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Booking' })
export type BookingView = z.infer<typeof bookingView>
export const bookingPage = z.object({ items: z.array(bookingView), next: z.string().nullable() })

const what = {
  title: text(255).nullable(),
  comment: text(2000).nullable(),
  clientComment: text(2000).nullable(),
  cost: money.nullable(),
  paid: z.boolean(),
}
const made = {
  ...z.object(what).partial().shape,
  status: status.exclude(['cancelled', 'no_show']).optional().describe('confirmed where none is given.'),
  source: z.enum(bookingSources).optional().describe('manual for people, api for keys, where none is given.'),
  ...whom,
}
export const createBooking = z.union([
  z
    .object({ holdId: id.describe('Used up by it.'), ...made })
    .strict()
    .refine(onlyOne, onlyOneWords),
  z
    .object({ ...slot, ...made })
    .strict()
    .refine(onlyOne, onlyOneWords),
])
export type CreateBooking = z.infer<typeof createBooking>

export const patchBooking = z
  .object({
    ...what,
    status,
    ...slot,
    version: z.number().int().describe('As it was read: refused where somebody changed it since.'),
  })
  .partial()
  .strict()
export type PatchBooking = z.infer<typeof patchBooking>

export const listBookings = z.object({
  from: moment.optional().describe('What ends after it.'),
  to: moment.optional().describe('What begins before it.'),
  staffId: id.optional(),
  leadId: id.optional(),
  conversationId: id.optional(),
  contactId: id.optional(),
  status: z
    .enum([...bookingStatuses, 'ahead', 'all'])
    .default('all')
    .describe('ahead: pending or confirmed.'),
  order: z.enum(['asc', 'desc']).default('asc').describe('By the time at which they begin.'),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
export type ListBookings = z.output<typeof listBookings>
