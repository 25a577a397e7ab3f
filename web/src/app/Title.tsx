import { useEffect } from 'react'
import { useUnread } from './unread.ts'

/** The tab's title says how many conversations wait. */
export function Title() {
  const unread = useUnread()
  useEffect(() => {
    document.title = unread ? `(${unread}) Parley` : 'Parley'
  }, [unread])
  return null
}
