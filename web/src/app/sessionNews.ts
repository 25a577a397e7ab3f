/** Tells the other tabs of this browser that the session is another one: they share its cookie. */
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('parley.session')

export const sessionNews = {
  tell: (): void => channel?.postMessage('changed'),
  listen: (act: () => void): (() => void) => {
    channel?.addEventListener('message', act)
    return () => channel?.removeEventListener('message', act)
  },
}
