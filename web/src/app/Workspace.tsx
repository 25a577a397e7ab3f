/** The signed-in console: starts the live connection and the outbox, and draws rail, page and notices. */
import { useEffect, useRef, useState } from 'react'
import { createOutbox } from '../rules/outbox.ts'
import { type Boot, useBoot } from './boot.ts'
import { takeAnswer } from './cache.ts'
import { type Console, ConsoleContext, type WorkSession } from './context.ts'
import { Frame } from './Frame.tsx'
import { createLive } from './live.ts'
import { OfflineBar } from './OfflineBar.tsx'
import { Overlays } from './Overlays.tsx'
import { judgeFailure, postEntry } from './post.ts'
import { Rail } from './Rail.tsx'
import { SuspendedBar } from './SuspendedBar.tsx'
import { Title } from './Title.tsx'

interface Props {
  session: WorkSession
  onLeave: (why: 'ended' | 'out') => void
}

export function Workspace({ session, onLeave }: Props) {
  const boot = useBoot()
  const [parts, setParts] = useState<Console | null>(null)

  // The same person in the same business: only what the session says of them can change.
  const first = useRef(session)
  useEffect(() => {
    const made = assemble(boot, first.current, onLeave)
    setParts(made)
    made.live.start(made.outbox)
    // What was left by a reload goes on at once, even where the stream cannot be opened.
    made.outbox.resume()
    const stop = boot.refusals.subscribe(() => onLeave('ended'))
    return () => {
      stop()
      made.live.stop()
      made.outbox.end()
    }
  }, [boot, onLeave])

  if (!parts) return null
  return (
    <ConsoleContext value={{ ...parts, session }}>
      <Frame
        rail={<Rail />}
        bars={
          <>
            <SuspendedBar />
            <OfflineBar />
          </>
        }
      />
      <Title />
      <Overlays />
    </ConsoleContext>
  )
}

function assemble(boot: Boot, session: WorkSession, onLeave: Props['onLeave']): Console {
  const me = session.user.id
  const live = createLive({ ...boot, me, onSignedOut: () => onLeave('ended') })
  const outbox = createOutbox({
    storage: localStorage,
    // Switching the business must not send to it what was written in another.
    storageKey: `parley.outbox.${session.tenant.id}.${me}`,
    post: postEntry(boot.api, me),
    judge: (error) => {
      const verdict = judgeFailure(error)
      if (verdict.next === 'signed_out') onLeave('ended')
      return verdict
    },
    onSaved: (message) => takeAnswer({ ...boot, live }, message),
  })
  return { ...boot, live, outbox, session }
}
