/** The signed-in console: starts the live connection and the outbox, and draws rail, page and notices. */
import { Outlet } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { createOutbox } from '../rules/outbox.ts'
import { type Boot, useBoot } from './boot.ts'
import { takeAnswer } from './cache.ts'
import { type Console, ConsoleContext, type WorkSession } from './context.ts'
import { createLive } from './live.ts'
import { OfflineBar } from './OfflineBar.tsx'
import { Overlays } from './Overlays.tsx'
import { judgeFailure, postEntry } from './post.ts'
import { Rail } from './Rail.tsx'
import { Title } from './Title.tsx'
import { useText } from './text.tsx'
import css from './workspace.module.css'

interface Props {
  session: WorkSession
  onLeave: (why: 'ended' | 'out') => void
}

export function Workspace({ session, onLeave }: Props) {
  const boot = useBoot()
  const { t } = useText()
  const [parts, setParts] = useState<Console | null>(null)

  useEffect(() => {
    const made = assemble(boot, session, onLeave)
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
  }, [boot, session, onLeave])

  if (!parts) return null
  return (
    <ConsoleContext value={parts}>
      <a className={css.skip} href="#main">
        {t('app.skip')}
      </a>
      <div className={css.frame}>
        <Rail />
        <main id="main" className={css.main} tabIndex={-1}>
          <OfflineBar />
          <div className={css.page}>
            <Outlet />
          </div>
        </main>
      </div>
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
    storageKey: `parley.outbox.${me}`,
    post: postEntry(boot.api, me),
    judge: (error) => {
      const verdict = judgeFailure(error)
      if (verdict.next === 'signed_out') onLeave('ended')
      return verdict
    },
    onSaved: (message) => takeAnswer({ ...boot, live }, message),
  })
  const signOut = () => {
    void boot.api.session.signOut().finally(() => onLeave('out'))
  }
  return { ...boot, live, outbox, session, signOut }
}
