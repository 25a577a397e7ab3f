import { useQuery } from '@tanstack/react-query'
import type { ConversationCounts } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'

/** The live stream asks for them anew, now and then; this is for what it missed. */
const EVERY_MS = 60_000

export function useCounts(): ConversationCounts | undefined {
  const { api } = useConsole()
  return useQuery({
    queryKey: keys.counts,
    queryFn: ({ signal }) => api.conversations.counts({ signal }),
    refetchInterval: EVERY_MS,
  }).data
}

export const shownCount = ({ n, more }: { n: number; more: boolean }): string => (more ? `${n}+` : n > 0 ? String(n) : '')
