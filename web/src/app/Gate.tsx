/** Nobody passes without a session. The address stays, so a link that needed a sign-in is open after it. */

import { useQuery } from '@tanstack/react-query'
import { Suspense, useCallback, useState } from 'react'
import { ParleyError } from '../../../client/index.ts'
import { useBoot } from './boot.ts'
import { keys } from './cache.ts'
import { looksAtBusiness } from './context.ts'
import { part } from './part.ts'
import { Failed } from './Trouble.tsx'
import { useText } from './text.tsx'
import { Workspace } from './Workspace.tsx'

const SignIn = part(async () => (await import('./SignIn.tsx')).SignIn)

export function Gate() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [reason, setReason] = useState<'ended' | 'out' | null>(null)
  const session = useQuery({
    queryKey: keys.session,
    queryFn: async ({ signal }) => {
      try {
        return await api.session.get({ signal })
      } catch (error) {
        if (error instanceof ParleyError && error.status === 401) return null
        throw error
      }
    },
  })
  const leave = useCallback(
    (why: 'ended' | 'out') => {
      setReason(why)
      queries.setQueryData(keys.session, null)
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
    },
    [queries],
  )

  if (session.isPending) return null
  if (session.isError) return <Failed text={t('error.unreachable')} onRetry={() => void session.refetch()} />
  if (!session.data) {
    return (
      <Suspense>
        <SignIn reason={reason} onSignedIn={(next) => queries.setQueryData(keys.session, next)} />
      </Suspense>
    )
  }
  if (!looksAtBusiness(session.data)) return <Failed text={t('error.forbidden')} onRetry={() => void session.refetch()} />
  return <Workspace key={session.data.user.id} session={session.data} onLeave={leave} />
}
