/** The business as its own people see and describe it. */
import { z } from 'zod'
import { freeForm } from './free-form.ts'

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time like 09:30')
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const day = z
  .object({
    open: clock.refine((at) => at !== '24:00', 'must be before 24:00'),
    close: clock.describe('Before `open`: a night shift that ends the next day.'),
    enabled: z.boolean(),
  })
  .strict()
  .refine(
    (hours) => !hours.enabled || hours.open !== hours.close,
    'opens and closes at the same time (round the clock is 00:00 to 24:00)',
  )
export const businessHours = z
  .object({ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day })
  .strict()
  .meta({ id: 'BusinessHours' })
export type BusinessHours = z.infer<typeof businessHours>

/** How long data is kept. A month goes once all of it is older, so a row stays for at most a month longer. */
const retention = z
  .object({
    contentMonths: z.number().int().min(1).max(120).describe('What was said, and its files.'),
    ledgerMonths: z
      .number()
      .int()
      .min(1)
      .max(120)
      .describe("That it was said: providers' ids, states, receipts, events. At least as long as the content."),
    webhookDays: z.number().int().min(7).max(3650).describe('Webhooks as they came.'),
  })
  .strict()
  .meta({ id: 'Retention' })

export const businessView = z
  .object({
    name: z.string(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    address: z.string().nullable(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
    tradeType: z.string().nullable(),
    serviceAreaRadius: z.number().int().describe('Miles.'),
    timezone: z.string(),
    language: z.string(),
    settings: z.record(z.string(), z.unknown()),
    hours: businessHours,
    autoResponseEnabled: z.boolean(),
    autoResponseMessage: z.string(),
    aiGreetingTemplate: z.string().describe('[TRADE] becomes the trade.'),
    aiTakeoverDelay: z.number().int().describe('Seconds an assistant waits where nobody is assigned.'),
    autoCloseHours: z
      .number()
      .int()
      .nullable()
      .describe(
        'Hours of silence after which a conversation is over. null: texts after 72, other channels never; 0: none ever.',
      ),
    retention,
  })
  .meta({ id: 'Business' })
export type BusinessView = z.infer<typeof businessView>

export const patchBusiness = z
  .object({
    name: z.string().trim().min(1).max(255),
    email: z.email().max(320).nullable(),
    phone: z.string().trim().min(3).max(20).nullable(),
    address: z.string().trim().max(1000).nullable(),
    latitude: z.number().min(-90).max(90).nullable(),
    longitude: z.number().min(-180).max(180).nullable(),
    tradeType: z.string().trim().min(1).max(100).nullable(),
    serviceAreaRadius: z.number().int().min(0).max(12_500),
    timezone: z.string().max(64),
    language: z.string().max(35),
    settings: freeForm.describe('Patched by key; null takes a key away.'),
    hours: businessHours.partial().describe('Patched by day.'),
    autoResponseEnabled: z.boolean(),
    autoResponseMessage: z.string().trim().min(1).max(1600),
    aiGreetingTemplate: z.string().trim().min(1).max(1600),
    aiTakeoverDelay: z.number().int().min(0).max(3600),
    autoCloseHours: z.number().int().min(0).max(8760).nullable(),
    retention: retention.partial().describe('Only owners change it.'),
  })
  .partial()
  .strict()
export type PatchBusiness = z.infer<typeof patchBusiness>
