/** Files in the part of the conversation that is loaded; further back on demand. */
import { Button } from '@mantine/core'
import IconFileText from '@tabler/icons-react/dist/esm/icons/IconFileText.mjs'
import IconPlayerPlay from '@tabler/icons-react/dist/esm/icons/IconPlayerPlay.mjs'
import { Link } from '@tanstack/react-router'
import { useText } from '../../app/text.tsx'
import { fileSize } from '../../text/time.ts'
import { typeName } from '../thread/typeName.ts'
import { useThread } from '../thread/useThread.ts'
import css from './context.module.css'

const SHOWN = ['image', 'video', 'audio', 'document']

export function Files({ conversationId }: { conversationId: string }) {
  const { t, clock } = useText()
  const { thread, load } = useThread(conversationId, null)
  const found = (thread?.items ?? [])
    .filter((one) => SHOWN.includes(one.type))
    .flatMap((message) => message.media.filter((one) => one.url).map((media) => ({ message, media })))
    .reverse()
  return (
    <section className={css.part}>
      <h3 className={css.title}>{t('context.files')}</h3>
      {thread && found.length === 0 && <p className={css.dim}>{t('context.filesNone')}</p>}
      <ul className={css.files}>
        {found.slice(0, 60).map(({ message, media }) => (
          <li key={`${message.id}${media.id}`}>
            <Link
              to="/inbox/$conversationId"
              params={{ conversationId }}
              search={(before) => ({ ...before, message: message.id })}
              className={css.fileLink}
              title={media.fileName ?? undefined}
            >
              {message.type === 'image' ? (
                <img src={media.url ?? ''} alt="" loading="lazy" />
              ) : message.type === 'document' ? (
                <IconFileText size={22} stroke={1.5} aria-hidden />
              ) : (
                <IconPlayerPlay size={20} stroke={1.5} aria-hidden />
              )}
              <small>{media.fileName ?? (media.byteSize ? fileSize(clock, media.byteSize) : typeName(message.type, t))}</small>
            </Link>
          </li>
        ))}
      </ul>
      {thread?.hasBefore && (
        <Button size="compact-xs" variant="default" onClick={() => void load('before').catch(() => {})}>
          {t('context.filesOlder')}
        </Button>
      )}
    </section>
  )
}
