/** Nobody passes without a session. The address stays, so a link that needed a sign-in is open after it. */
import { useQuery } from '@tanstack/react-query'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { type ReactNode, Suspense, useCallback, useEffect, useState } from 'react'
import { ParleyError, type Session } from '../../../client/index.ts'
import { useBoot } from './boot.ts'
import { keys } from './cache.ts'
import { looksAtBusiness } from './context.ts'
import { part } from './part.ts'
import { sessionNews } from './sessionNews.ts'
import { SignedInContext } from './signedIn.ts'
import { Failed } from './Trouble.tsx'
import { useText } from './text.tsx'
import { Workspace } from './Workspace.tsx'

const Entrance = part(async () => (await import('../door/Entrance.tsx')).Entrance)
const LinkDoor = part(async () => (await import('../door/LinkDoor.tsx')).LinkDoor)
const PlatformFrame = part(async () => (await import('../platform/PlatformFrame.tsx')).PlatformFrame)

/** Suspended, given another role or another name by others: seen within a minute, and when somebody comes back to the page. */
const FRESH_MS = 60_000

export function Gate() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const navigate = useNavigate()
  const path = useLocation({ select: (location) => location.pathname })
  const [notice, setNotice] = useState<string | null>(null)
  const session = useQuery({
    queryKey: keys.session,
    queryFn: async ({ signal }) => {
      try {
        return await api.session.get({ signal })
      } catch (error) {
        if (!(error instanceof ParleyError) || error.status !== 401) throw error
        if (queries.getQueryData(keys.session)) setNotice(t('signIn.ended'))
        return null
      }
    },
    refetchInterval: FRESH_MS,
    refetchOnWindowFocus: 'always',
    retry: 1,
  })
  const enter = useCallback(
    (next: Session | null) => {
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
      queries.setQueryData(keys.session, next)
      sessionNews.tell()
    },
    [queries],
  )
  const leave = useCallback(
    (why: 'ended' | 'out') => {
      setNotice(t(why === 'ended' ? 'signIn.ended' : 'signIn.out'))
      enter(null)
    },
    [enter, t],
  )
  // Another tab signed in, out, or looks at another business: what is shown here belongs to a session that is no more.
  useEffect(() => sessionNews.listen(() => window.location.reload()), [])

  if (path === '/invitation' || path === '/reset') {
    return (
      <Suspense>
        <LinkDoor
          kind={path === '/reset' ? 'reset' : 'invitation'}
          onSignedIn={(next) => {
            enter(next)
            void navigate({ to: '/inbox', replace: true })
          }}
          onLeave={(words) => {
            setNotice(words)
            void navigate({ to: '/', replace: true })
            void session.refetch()
          }}
        />
      </Suspense>
    )
  }
  if (session.isPending) return null
  if (session.data === undefined) return <Failed text={t('error.unreachable')} onRetry={() => void session.refetch()} />
  if (!session.data) {
    return (
      <Suspense>
        <Entrance notice={notice} onSignedIn={enter} />
      </Suspense>
    )
  }
  const { data } = session
  const wrap = (children: ReactNode) => <SignedInContext value={{ session: data, enter, leave }}>{children}</SignedInContext>
  if (looksAtBusiness(data)) return wrap(<Workspace key={`${data.user.id} ${data.tenant.id}`} session={data} onLeave={leave} />)
  if (!data.operator) return <Failed text={t('error.noBusiness')} onRetry={() => void session.refetch()} />
  return wrap(
    <Suspense>
      <PlatformFrame />
    </Suspense>,
  )
}
