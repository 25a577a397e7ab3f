import { z } from 'zod'

const time = z.iso.datetime()

export const holdView = z
  .object({
    id: z.uuid(),
    contactId: z.uuid().nullable().describe('null: the whole business.'),
    reason: z.string(),
    placedBy: z.string(),
    createdAt: time,
    releasedAt: time.nullable(),
  })
  .meta({ id: 'Hold' })
export type HoldView = z.infer<typeof holdView>

export const placeHold = z.object({ contactId: z.uuid().optional(), reason: z.string().trim().min(1).max(1000) }).strict()

export const upkeepView = z
  .object({
    attention: z.array(z.string()).describe('What needs somebody to look at it; empty where nothing does.'),
    tables: z.array(
      z.object({
        table: z.string(),
        monthsAhead: z.number().int().describe('After this month, without a gap; -1: this month is missing too.'),
        months: z.number().int(),
        rowsInDefault: z.number().int().describe('Counted up to 1,000; any is too many.'),
        draining: z.boolean(),
      }),
    ),
    tasks: z.array(
      z.object({
        task: z.string(),
        beganAt: time,
        endedAt: time.nullable(),
        error: z.string().nullable(),
        done: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'Upkeep' })
export type UpkeepView = z.infer<typeof upkeepView>
