/** Who is there. Colleagues are asked for now and then; one's own choice shows at once. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Me, Member, PersonPresence, PersonStatus } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'

export const statuses = ['available', 'busy', 'away', 'offline'] as const satisfies PersonStatus[]
const EVERY_MS = 45_000

/** Who has no page open is not there, whatever they chose. */
export const shownStatus = (presence: PersonPresence): PersonStatus => (presence.isOnline ? presence.status : 'offline')

export function useMembers() {
  const { api } = useBoot()
  return useQuery({
    queryKey: keys.members,
    queryFn: ({ signal }) => api.members.list({ signal }),
    refetchInterval: EVERY_MS,
    refetchOnWindowFocus: true,
    staleTime: EVERY_MS,
  })
}

export function statusOf(members: Member[] | undefined, id: string): PersonStatus | undefined {
  const found = members?.find((one) => one.id === id)
  return found && shownStatus(found.presence)
}

export function useMe() {
  const { api } = useBoot()
  return useQuery({ queryKey: keys.me, queryFn: ({ signal }) => api.me.get({ signal }) })
}

export function useOwnPresence(): { status: PersonStatus | undefined; set: (next: PersonStatus) => void } {
  const { api } = useBoot()
  const { t } = useText()
  const queries = useQueryClient()
  const me = useMe()
  const show = (status: PersonStatus) =>
    queries.setQueryData<Me>(keys.me, (before) => before && { ...before, presence: { ...before.presence, status } })
  const before = me.data?.presence.status
  return {
    status: before,
    set: (next) => {
      show(next)
      api.me.presence(next).then(
        () => void queries.invalidateQueries({ queryKey: keys.members }),
        (error: unknown) => {
          if (before) show(before)
          toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
        },
      )
    },
  }
}
