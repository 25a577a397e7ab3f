/** The time, for everything that says how long ago or how long still. One timer for the whole page. */
import { createStore, useStore } from './store.ts'

const EVERY_MS = 20_000
const now = createStore(Date.now())
setInterval(() => now.set(Date.now()), EVERY_MS)
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') now.set(Date.now())
})

export const useNow = (): number => useStore(now)
