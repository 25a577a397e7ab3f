/** Tells the team that this conversation is open here, and who else has it open. */
import { useEffect } from 'react'
import { useConsole } from '../../app/context.ts'
import { useStore } from '../../app/store.ts'

/** The others forget us after 45 s without a word. */
const EVERY_MS = 25_000

export function usePresence(conversationId: string) {
  const { api, live } = useConsole()
  useEffect(() => {
    const tell = (state: 'viewing' | 'left') => void api.conversations.presence(conversationId, state).catch(() => {})
    const looking = () => {
      if (document.visibilityState === 'visible') tell('viewing')
    }
    looking()
    const timer = setInterval(looking, EVERY_MS)
    return () => {
      clearInterval(timer)
      tell('left')
    }
  }, [api, conversationId])
  return useStore(live.presence).filter((one) => one.conversationId === conversationId)
}
