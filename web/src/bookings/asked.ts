/** For whom a time is being chosen: the dialog is one of the page, above whatever asked for it. */
import type { Booking, Lead } from '../../../client/index.ts'
import { createStore } from '../app/store.ts'

export type Asked = { lead: Lead } | { booking: Booking }

export const asked = createStore<Asked | null>(null)
