/** What somebody sees who is not signed in: the first owner signs up, everybody else signs in. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Session } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { Forgotten } from './Forgotten.tsx'
import { SignIn } from './SignIn.tsx'
import { SignUp } from './SignUp.tsx'

export function Entrance({ notice, onSignedIn }: { notice: string | null; onSignedIn: (session: Session) => void }) {
  const { api } = useBoot()
  const setup = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => api.setup({ signal }), retry: false, gcTime: 0 })
  const [place, setPlace] = useState<'in' | 'up' | 'forgotten'>('in')
  if (setup.isPending) return null
  const kind = setup.data?.signUp ?? 'closed'
  const back = () => setPlace('in')
  if (kind === 'first' || (place === 'up' && kind === 'open'))
    return <SignUp first={kind === 'first'} onSignedIn={onSignedIn} onBack={back} />
  if (place === 'forgotten') return <Forgotten mail={setup.data?.mail ?? false} onBack={back} />
  return (
    <SignIn
      notice={notice}
      onSignedIn={onSignedIn}
      onForgotten={() => setPlace('forgotten')}
      onSignUp={kind === 'open' ? () => setPlace('up') : undefined}
    />
  )
}
