import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { AuditItem } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { useAccounts } from '../inbox/composer/useAccount.ts'
import { Face } from '../inbox/Face.tsx'
import { useMembers } from '../people/presence.ts'
import { changesOf, isKnown, knownActions, whatOf } from '../rules/auditLine.ts'
import type { Translate } from '../text/t.ts'
import { fullTime } from '../text/time.ts'
import { Head } from './parts.tsx'
import css from './settings.module.css'

const PAGE = 50

export function Audit() {
  const { api } = useConsole()
  const { t } = useText()
  const members = useMembers()
  const [actor, setActor] = useState('')
  const [action, setAction] = useState('')
  const asked = { ...(actor ? { actor } : {}), ...(action ? { action } : {}) }
  const log = useInfiniteQuery({
    queryKey: [...keys.audit, asked],
    queryFn: ({ pageParam, signal }) => api.audit.list({ ...asked, limit: PAGE, cursor: pageParam ?? undefined }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  })
  const accounts = useAccounts()
  const names = useMemo(() => {
    const known = [...(members.data?.items ?? []), ...(accounts.data?.items ?? [])]
    return new Map(known.map((one) => [one.id, one.name]))
  }, [members.data, accounts.data])
  const items = log.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <Head title={t('settings.audit')} lead={t('audit.text')} />
      <div className={css.inline}>
        <NativeSelect
          size="xs"
          label={t('audit.who')}
          value={actor}
          onChange={(event) => setActor(event.currentTarget.value)}
          data={[
            { value: '', label: t('audit.anybody') },
            ...(members.data?.items ?? []).map((one) => ({ value: `user:${one.id}`, label: one.name })),
            { value: 'system', label: t('audit.system') },
          ]}
        />
        <NativeSelect
          size="xs"
          label={t('audit.what')}
          value={action}
          onChange={(event) => setAction(event.currentTarget.value)}
          data={[
            { value: '', label: t('audit.anything') },
            ...knownActions.map((one) => ({ value: one, label: t(`audit.${one}`, { who: '…', what: '…' }) })),
          ]}
        />
      </div>
      {log.isPending && <Skeleton height={320} radius={12} />}
      {log.isError && <Failed text={t('context.failed')} reason={reasonOf(log.error, t)} onRetry={() => void log.refetch()} />}
      {log.data && items.length === 0 && <Empty title={t('audit.none')} text={t('audit.none.text')} />}
      {items.length > 0 && (
        <ol className={`${css.card} ${css.lines}`} data-testid="audit">
          {items.map((one) => (
            <Line key={one.id} one={one} names={names} />
          ))}
        </ol>
      )}
      {log.hasNextPage && (
        <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
    </>
  )
}

const sentence = (one: AuditItem, names: ReadonlyMap<string, string>, t: Translate): string => {
  const what = whatOf(one, names)
  return isKnown(one.action)
    ? t(`audit.${one.action}`, { who: one.actor.name, what: what || t('audit.someone') })
    : t('audit.other', { who: one.actor.name, what: [one.action.replaceAll(/[._]/g, ' '), what].filter(Boolean).join(' · ') })
}

function Line({ one, names }: { one: AuditItem; names: ReadonlyMap<string, string> }) {
  const { t, clock } = useText()
  const changes = changesOf(one)
  return (
    <li className={css.line}>
      <Face id={one.actor.label} name={one.actor.name} size={28} />
      <div>
        <span dir="auto">{sentence(one, names, t)}</span>
        <small>
          <time dateTime={one.at}>{fullTime(clock, one.at)}</time>
          {one.ip && ` · ${one.ip}`}
        </small>
        {changes.length > 0 && (
          <dl className={css.changes}>
            {changes.map((change) => (
              <div key={change.field}>
                <dt>{change.field}</dt>
                <dd dir="auto">
                  {change.before !== null && (
                    <>
                      <del>{change.before}</del> →{' '}
                    </>
                  )}
                  {change.after ?? '–'}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </li>
  )
}
