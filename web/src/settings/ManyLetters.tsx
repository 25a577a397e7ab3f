/** Every open dead letter of a filter: taken in or discarded, a step at a time, with how far it is and a way to stop. */
import '@mantine/core/styles/Progress.layer.css'
import { Button, Progress } from '@mantine/core'
import { useRef, useState } from 'react'
import type { DeadLetterReason } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { Confirm, useChange } from './parts.tsx'
import css from './settings.module.css'

type What = 'replay' | 'discard'
interface Tally {
  done: number
  failed: number
  left: number
}

export function ManyLetters({ reason, source }: { reason?: DeadLetterReason; source?: string }) {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState<What | null>(null)
  const [tally, setTally] = useState<Tally | null>(null)
  const stopped = useRef(false)
  const go = useChange({
    run: async (what: What) => {
      stopped.current = false
      const sum: Tally = { done: 0, failed: 0, left: 0 }
      let at: { cursor?: string; until?: string } = {}
      for (;;) {
        const step = await api.deadLetters.many(what, { reason, source, ...at })
        sum.done += step.done
        sum.failed += step.failed
        sum.left = step.left
        setTally({ ...sum })
        if (!step.next || stopped.current) return sum
        at = { cursor: step.next, until: step.until ?? undefined }
      }
    },
    after: ({ done, failed }) => toast({ text: t('letters.many.done', { done, failed }), tone: failed > 0 ? 'bad' : 'plain' }),
  })
  const run = (what: What) =>
    go.mutate(what, {
      onSettled: () => {
        setTally(null)
        void queries.invalidateQueries({ queryKey: keys.deadLetters })
      },
    })
  if (!mayManage(session)) return null
  if (go.isPending && tally) {
    const past = tally.done + tally.failed
    const all = past + tally.left
    return (
      <div className={css.inline} data-testid="letters-progress">
        <Progress value={all === 0 ? 100 : (past / all) * 100} aria-label={t('letters.progress', { done: past, all })} />
        <span>{t('letters.progress', { done: past, all })}</span>
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            stopped.current = true
          }}
        >
          {t('letters.stop')}
        </Button>
      </div>
    )
  }
  return (
    <div className={css.formBar}>
      <Button size="xs" variant="default" loading={go.isPending} onClick={() => setAsking('discard')}>
        {t('letters.discardAll')}
      </Button>
      <Button size="xs" loading={go.isPending} onClick={() => setAsking('replay')}>
        {t('letters.replayAll')}
      </Button>
      <Confirm
        opened={asking !== null}
        title={t(asking === 'discard' ? 'letters.discardAll' : 'letters.replayAll')}
        text={t(asking === 'discard' ? 'letters.discardAllConfirm' : 'letters.replayAllConfirm')}
        action={t(asking === 'discard' ? 'letters.discard' : 'letters.replay')}
        onConfirm={() => asking && run(asking)}
        onClose={() => setAsking(null)}
      />
    </div>
  )
}
