/** Legal holds in force: of the whole business (contactId null) and of people. For those who may place them. */
import { useQuery } from '@tanstack/react-query'
import type { Hold } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { useChange } from './parts.tsx'

export function useHolds() {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const may = mayManage(session)
  const query = useQuery({ queryKey: keys.holds, queryFn: ({ signal }) => api.holds.list({ signal }), enabled: may })
  const after = () => void queries.invalidateQueries({ queryKey: keys.holds })
  const place = useChange({
    run: (given: { reason: string; contactId?: string }) => api.holds.place(given),
    done: t('holds.placed'),
    after,
  })
  const release = useChange({ run: (one: Hold) => api.holds.release(one.id), done: t('holds.released'), after })
  return { may, query, inForce: query.data?.items.filter((one) => one.releasedAt === null), place, release }
}
