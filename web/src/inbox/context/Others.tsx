import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Conversation } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { useNow } from '../../app/now.ts'
import { useText } from '../../app/text.tsx'
import { plain } from '../../rules/formatting.ts'
import { listTime } from '../../text/time.ts'
import { ChannelMark } from '../ChannelMark.tsx'
import css from './context.module.css'

export function Others({ contactId, except, title }: { contactId: string; except: string | null; title: string }) {
  const { api } = useConsole()
  const { t } = useText()
  const all = useQuery({
    queryKey: keys.others(contactId),
    queryFn: async ({ signal }): Promise<Conversation[]> =>
      (await api.conversations.list({ contactId, status: 'all', limit: 50 }, { signal })).items,
  })
  const others = all.data?.filter((one) => one.id !== except)
  return (
    <section className={css.part}>
      <h3 className={css.title}>{title}</h3>
      {others?.length === 0 && <p className={css.dim}>{t('context.othersNone')}</p>}
      {all.isError && <p className={css.dim}>{t('context.failed')}</p>}
      <ul className={css.others}>
        {others?.map((one) => (
          <li key={one.id}>
            <Other one={one} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Other({ one }: { one: Conversation }) {
  const { t, clock } = useText()
  const now = useNow()
  return (
    <Link to="/inbox/$conversationId" params={{ conversationId: one.id }} search={{}} className={css.other}>
      <ChannelMark channel={one.channel} />
      <span dir="auto">{one.lastPreview ? plain(one.lastPreview) : t('list.noPreview')}</span>
      <small>
        {one.status === 'open' ? listTime(clock, one.lastMessageAt ?? one.createdAt, now) || t('time.now') : t('tab.closed')}
      </small>
    </Link>
  )
}
