import { Button, Modal, NativeSelect, TextInput } from '@mantine/core'
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { ApiKey, CreateApiKey } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { listTime, shortDate } from '../text/time.ts'
import css from './settings.module.css'

const roles = ['agent', 'viewer', 'admin'] as const

export function ApiKeys() {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState<ApiKey | null>(null)
  const all = useQuery({ queryKey: keys.apiKeys, queryFn: ({ signal }) => api.apiKeys.list({ signal }) })
  const again = () => void queries.invalidateQueries({ queryKey: keys.apiKeys })
  const revoke = useMutation({
    mutationFn: (id: string) => api.apiKeys.revoke(id),
    onSettled: again,
    onError: (error) => toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' }),
  })
  return (
    <>
      <h2>{t('settings.keys')}</h2>
      <p className={css.lead}>{t('settings.keys.text')}</p>
      <NewKey onCreated={again} />
      {all.isError && <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />}
      {all.data?.items.length === 0 && <Empty title={t('settings.keys.none')} />}
      {all.data && all.data.items.length > 0 && (
        <ul className={css.card}>
          {all.data.items.map((one) => (
            <KeyLine key={one.id} one={one} onRevoke={() => setAsking(one)} />
          ))}
        </ul>
      )}
      <Modal opened={asking !== null} onClose={() => setAsking(null)} title={t('settings.keys.revoke')}>
        <p>{t('settings.keys.revokeConfirm', { name: asking?.name ?? '' })}</p>
        <div className={css.modalBar}>
          <Button variant="default" onClick={() => setAsking(null)}>
            {t('app.cancel')}
          </Button>
          <Button
            color="red"
            onClick={() => {
              if (asking) revoke.mutate(asking.id)
              setAsking(null)
            }}
          >
            {t('settings.keys.revoke')}
          </Button>
        </div>
      </Modal>
    </>
  )
}

function NewKey({ onCreated }: { onCreated: () => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof roles)[number]>('agent')
  const create = useMutation({
    mutationFn: (json: CreateApiKey) => api.apiKeys.create(json),
    onSuccess: () => {
      setName('')
      onCreated()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ name: name.trim(), role })
  }
  return (
    <form className={css.newKey} onSubmit={submit}>
      <TextInput
        size="xs"
        required
        withAsterisk={false}
        maxLength={100}
        label={t('settings.keys.name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        label={t('settings.keys.role')}
        value={role}
        onChange={(event) => setRole(roles.find((one) => one === event.currentTarget.value) ?? 'agent')}
        data={roles.map((one) => ({ value: one, label: t(`role.${one}`) }))}
      />
      <Button size="xs" type="submit" loading={create.isPending} disabled={name.trim() === ''}>
        {t('settings.keys.create')}
      </Button>
      {create.isError && <p className={css.error}>{reasonOf(create.error, t)}</p>}
      {create.data && <Once value={create.data.key} />}
    </form>
  )
}

function Once({ value }: { value: string }) {
  const { t } = useText()
  const copy = () => void navigator.clipboard.writeText(value).then(() => toast({ text: t('app.copied') }))
  return (
    <div className={css.once} role="status">
      <p>{t('settings.keys.once')}</p>
      <code>{value}</code>
      <Button size="compact-xs" variant="default" leftSection={<IconCopy size={14} aria-hidden />} onClick={copy}>
        {t('app.copy')}
      </Button>
    </div>
  )
}

function KeyLine({ one, onRevoke }: { one: ApiKey; onRevoke: () => void }) {
  const { t, clock } = useText()
  const now = useNow()
  return (
    <li className={css.key} data-off={one.revokedAt ? true : undefined}>
      <div>
        <bdi>{one.name}</bdi> <code>…{one.hint}</code>
        <small>
          {t(`role.${one.role}`)} · {t('settings.keys.created', { date: shortDate(clock, one.createdAt) })} ·{' '}
          {one.lastUsedAt
            ? t('settings.keys.used', { time: listTime(clock, one.lastUsedAt, now) || t('time.now') })
            : t('settings.keys.neverUsed')}
        </small>
      </div>
      {one.revokedAt ? (
        <span className={css.state}>{t('settings.keys.revoked')}</span>
      ) : (
        <Button size="compact-xs" variant="default" onClick={onRevoke}>
          {t('settings.keys.revoke')}
        </Button>
      )}
    </li>
  )
}
