/** Parts of the console that load when they are first needed. */
import { type ComponentType, lazy } from 'react'

const TRIES = 6
const FIRST_WAIT_MS = 400

/** As React's lazy, for which a part that could not be fetched once is broken for good: this one asks again. */
export const part = <P extends object>(load: () => Promise<ComponentType<P>>) =>
  lazy(async () => ({ default: await persist(load) }))

/** Without a network it waits for it. With one, a file that stays missing (the server was replaced) is an error in the end. */
export async function persist<T>(load: () => Promise<T>, wait: (ms: number) => Promise<void> = untilOnline): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await load()
    } catch (error) {
      if (tries >= TRIES) throw error
      await wait(FIRST_WAIT_MS * 2 ** (tries - 1))
    }
  }
}

function untilOnline(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (navigator.onLine) setTimeout(resolve, ms)
    else window.addEventListener('online', () => resolve(), { once: true })
  })
}
