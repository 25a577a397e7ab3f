/** What was written here and is not saved yet: shown at once, and honest about where it stands. */
import IconAlertCircle from '@tabler/icons-react/dist/esm/icons/IconAlertCircle.mjs'
import IconClock from '@tabler/icons-react/dist/esm/icons/IconClock.mjs'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { type OutboxEntry, textOfEntry } from '../../rules/outbox.ts'
import { clockTime } from '../../text/time.ts'
import { draftAsks } from '../composer/useDraft.ts'
import css from './bubble.module.css'
import { Formatted } from './Formatted.tsx'
import { Quote } from './Quote.tsx'
import { typeName } from './typeName.ts'

export function PendingBubble({ entry }: { entry: OutboxEntry }) {
  const { t, clock } = useText()
  const { outbox, api } = useConsole()
  const note = entry.body.type === 'note'
  const refused = entry.state === 'refused'
  const text = textOfEntry(entry)
  const picture = entry.body.type === 'image' ? api.media.contentUrl(entry.body.mediaId) : null
  const edit = () => {
    outbox.discard(entry.key)
    draftAsks.set({ conversationId: entry.conversationId, text, note })
  }
  const reason =
    entry.error?.code === 'too_old' ? t('outbox.tooOld') : t('outbox.refused', { reason: entry.error?.message ?? '' })
  return (
    <article className={css.row} data-row={entry.key} data-side={note ? 'note' : 'outbound'}>
      <div className={css.holder}>
        <div
          className={css.bubble}
          data-testid="message-bubble"
          data-message-id={entry.key}
          data-type={entry.body.type}
          data-status={refused ? 'failed' : 'saving'}
        >
          {entry.replyTo && <Quote of={{ ...entry.replyTo, externalId: null }} />}
          {picture && <img className={css.pendingImage} src={picture} alt="" />}
          {text ? <Formatted text={text} /> : !picture && typeName(entry.body.type, t)}
          <footer className={css.foot}>
            <time dateTime={entry.createdAt}>{clockTime(clock, entry.createdAt)}</time>
            <span
              className={css.mark}
              data-mark={refused ? 'failed' : 'queued'}
              role="img"
              aria-label={t(refused ? 'mark.failed' : 'mark.saving')}
            >
              {refused ? <IconAlertCircle size={15} aria-hidden /> : <IconClock size={15} aria-hidden />}
            </span>
          </footer>
        </div>
      </div>
      {refused && (
        <div className={css.settle} data-mark="failed" role="alert">
          <p>{reason}</p>
          <div className={css.settleActions}>
            <button type="button" onClick={() => outbox.retry(entry.key)}>
              {t('failed.retry')}
            </button>
            {text && entry.body.type !== 'template' && (
              <button type="button" onClick={edit}>
                {t('outbox.edit')}
              </button>
            )}
            <button type="button" onClick={() => outbox.discard(entry.key)}>
              {t('outbox.discard')}
            </button>
          </div>
        </div>
      )}
      {!refused && entry.tries > 0 && (
        <div className={css.settle} data-mark="queued" role="status">
          <p>{t('outbox.again')}</p>
        </div>
      )}
    </article>
  )
}
