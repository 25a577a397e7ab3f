/** Why a message went as it went: who wrote it, every attempt to send it, and every receipt. */
import { CloseButton, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { MessageHistory } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { fullTime } from '../../text/time.ts'
import { authorOf } from '../thread/Bubble.tsx'
import { useThread } from '../thread/useThread.ts'
import css from './context.module.css'

export function Why(props: { messageId: string; conversationId: string; onClose: () => void }) {
  const { api, session } = useConsole()
  const { t, clock } = useText()
  const history = useQuery({
    queryKey: keys.history(props.messageId),
    queryFn: ({ signal }) => api.messages.history(props.messageId, { signal }),
  })
  const message = useThread(props.conversationId, null).thread?.items.find((one) => one.id === props.messageId)
  return (
    <section className={css.part} aria-label={t('why.title')}>
      <div className={css.titleLine}>
        <h3 className={css.title}>{t('why.title')}</h3>
        <CloseButton size="sm" aria-label={t('app.close')} onClick={props.onClose} />
      </div>
      {message?.text && (
        <p className={css.about} dir="auto">
          {message.text}
        </p>
      )}
      {history.isPending && <Loader size={16} />}
      {history.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(history.error, t)} onRetry={() => void history.refetch()} />
      )}
      <ol className={css.steps}>
        {message && (
          <li>
            <strong>{t('why.written', { name: authorOf(message, session.user.id, t) })}</strong>
            <small>{fullTime(clock, message.createdAt)}</small>
          </li>
        )}
        {history.data && <Steps history={history.data} />}
      </ol>
    </section>
  )
}

function Steps({ history }: { history: MessageHistory }) {
  const { t, clock } = useText()
  return (
    <>
      {history.attempts.map((one) => (
        <li key={`a${one.n}`} data-tone={one.outcome}>
          <strong>
            {t('why.attempt', { n: one.n })}: {t(`why.${one.outcome}`)}
          </strong>
          {(one.code || one.text) && <span>{[one.code, one.text].filter(Boolean).join(' · ')}</span>}
          <small>
            {fullTime(clock, one.startedAt)}
            {one.finishedAt && ` · ${t('why.took', { n: Date.parse(one.finishedAt) - Date.parse(one.startedAt) })}`}
            {one.nextAt && ` · ${t('mark.nextTry', { time: fullTime(clock, one.nextAt) })}`}
          </small>
        </li>
      ))}
      {history.receipts.map((one) => (
        <li key={`r${one.status}${one.at}${one.receivedAt}`} data-tone={one.status === 'failed' ? 'refused' : 'accepted'}>
          <strong>{t('why.receipt', { status: one.status })}</strong>
          {(one.errorCode || one.error) && <span>{[one.errorCode, one.error].filter(Boolean).join(' · ')}</span>}
          <small>
            {fullTime(clock, one.at)}
            {!one.applied && ` · ${t('why.ignored')}`}
          </small>
        </li>
      ))}
    </>
  )
}
