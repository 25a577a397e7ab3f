/** Which page-wide overlay is open. */
import { createStore } from './store.ts'

export const overlay = createStore<'palette' | 'keys' | 'start' | null>(null)
