import { z } from 'zod'

/** What somebody is within one business, from most to least. */
export const role = z.enum(['owner', 'admin', 'agent', 'viewer'])
export type Role = z.infer<typeof role>
