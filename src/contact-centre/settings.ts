/** What a business may set about its contact centre. */
import { z } from 'zod'

export const centreSettings = z.object({
  expireHours: z.number().int().min(1).max(720).default(24).describe('Hours of silence after which a session ends.'),
  tellAfterMinutes: z
    .number()
    .int()
    .min(1)
    .max(1440)
    .default(15)
    .describe('Minutes after which people are told that the contact centre does not answer.'),
  handOverAfterMinutes: z
    .number()
    .int()
    .min(1)
    .max(10_080)
    .nullable()
    .default(null)
    .describe('Minutes after which people get the conversations that wait; null: they wait for the contact centre.'),
  disconnectOnTakeover: z
    .boolean()
    .default(true)
    .describe('Whether a conversation is ended in the contact centre when somebody else takes over.'),
})
export type CentreSettings = z.infer<typeof centreSettings>
