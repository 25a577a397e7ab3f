/** What the API of labels and of the list's counts takes and gives. */
import { z } from 'zod'

export const labelColours = ['grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink'] as const
const name = z.string().trim().min(1).max(50)
const colour = z.enum(labelColours)

export const labelView = z.object({ id: z.uuid(), name: z.string(), colour }).meta({ id: 'Label' })
export type LabelView = z.infer<typeof labelView>

export const createLabel = z.object({ name, colour: colour.default('grey') }).strict()
export const patchLabel = z.object({ name: name.optional(), colour: colour.optional() }).strict()
export type PatchLabel = z.infer<typeof patchLabel>

const count = {
  n: z.number().int().min(0).max(99),
  more: z.boolean().describe('There are more than n: counted is no further than 99, and among the newest 400 of a label.'),
}
export const countsView = z
  .object({
    open: z.object(count),
    unread: z.object(count).describe('Open ones with something unread.'),
    unassigned: z.object(count).describe('Open ones of nobody.'),
    mine: z.object(count).describe('Open ones of who asks; a key has none.'),
    labels: z.array(z.object({ id: z.uuid(), ...count })).describe('Open ones, by label.'),
  })
  .meta({ id: 'ConversationCounts' })
export type CountsView = z.infer<typeof countsView>
