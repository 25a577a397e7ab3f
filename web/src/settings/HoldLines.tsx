/** Holds with who placed them and when, and a form for a new one. The business's page and a person's both show it. */
import { Button, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Hold } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { fullTime } from '../text/time.ts'
import { Confirm } from './parts.tsx'
import css from './settings.module.css'
import type { useHolds } from './useHolds.ts'

type Holds = ReturnType<typeof useHolds>

export function HoldLines({ items, holds, named = false }: { items: Hold[]; holds: Holds; named?: boolean }) {
  const { t, clock } = useText()
  const [asking, setAsking] = useState<Hold | null>(null)
  return (
    <>
      {items.length > 0 && (
        <ul className={`${css.lines} ${css.padded}`}>
          {items.map((one) => (
            <li key={one.id} className={css.line} data-testid="hold">
              <div>
                <bdi>{one.reason}</bdi>
                <small>
                  {t('holds.by', { name: one.placedBy, date: fullTime(clock, one.createdAt) })}
                  {named && ' · '}
                  {named && !one.contactId && t('holds.whole')}
                  {named && one.contactId && (
                    <Link to="/contacts/$contactId" params={{ contactId: one.contactId }} search={{}}>
                      {t('context.person')}
                    </Link>
                  )}
                </small>
              </div>
              <Button size="compact-xs" variant="default" loading={holds.release.isPending} onClick={() => setAsking(one)}>
                {t('holds.release')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Confirm
        opened={asking !== null}
        title={t('holds.release')}
        text={t('holds.releaseConfirm')}
        action={t('holds.release')}
        onConfirm={() => asking && holds.release.mutate(asking)}
        onClose={() => setAsking(null)}
      />
    </>
  )
}

/** One hold at a time on one thing: while it is in force there is nothing to place. */
export function PlaceHold({ holds, contactId }: { holds: Holds; contactId?: string }) {
  const { t } = useText()
  const [reason, setReason] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    holds.place.mutate({ reason: reason.trim(), ...(contactId ? { contactId } : {}) }, { onSuccess: () => setReason('') })
  }
  return (
    <form className={css.inline} onSubmit={submit} data-testid="hold-form">
      <TextInput
        size="xs"
        label={t('holds.reason')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={1000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" loading={holds.place.isPending}>
        {t('holds.place')}
      </Button>
    </form>
  )
}
