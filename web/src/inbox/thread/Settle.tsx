/** Under a message that failed or whose outcome is not known: what happened and what can be done. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Message } from '../../../../client/index.ts'
import { takeAnswer } from '../../app/cache.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'
import css from './bubble.module.css'
import { useThreadAsks } from './threadContext.ts'

export function Settle({ message, mark }: { message: Message; mark: 'failed' | 'unknown' }) {
  const { api, queries, live, session } = useConsole()
  const { t } = useText()
  const { onWhy } = useThreadAsks()
  const [asking, setAsking] = useState(false)
  const retry = useMutation({
    mutationFn: () => api.messages.retry(message.id, mark === 'unknown' ? { acceptDuplicate: true } : {}),
    onSuccess: (next) => takeAnswer({ queries, api, live }, next),
    onError: (error) => toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' }),
  })
  const may = mayWrite(session)
  return (
    <div className={css.settle} data-mark={mark}>
      <p dir="auto">
        {mark === 'unknown' ? t('unknown.text') : (message.error?.text ?? t('mark.failed'))}
        {mark === 'failed' && message.error?.hint && ` ${message.error.hint}`}
        {asking && <strong> {t('unknown.confirm')}</strong>}
      </p>
      <div className={css.settleActions}>
        {may && (mark === 'failed' || asking) && (
          <button type="button" disabled={retry.isPending} onClick={() => retry.mutate()}>
            {t(mark === 'failed' ? 'failed.retry' : 'unknown.again')}
          </button>
        )}
        {may && mark === 'unknown' && !asking && (
          <button type="button" onClick={() => setAsking(true)}>
            {t('unknown.again')}…
          </button>
        )}
        {asking && (
          <button type="button" onClick={() => setAsking(false)}>
            {t('app.cancel')}
          </button>
        )}
        <button type="button" onClick={() => onWhy(message.id)}>
          {t('message.why')}
        </button>
      </div>
    </div>
  )
}
