import { Button, Skeleton, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Contact, PatchContact } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'
import { shortDate } from '../../text/time.ts'
import { Face } from '../Face.tsx'
import { nameOf } from '../person.ts'
import css from './context.module.css'

export function Person({ contactId, link = false }: { contactId: string; link?: boolean }) {
  const { api } = useConsole()
  const { t } = useText()
  const contact = useQuery({
    queryKey: keys.contact(contactId),
    queryFn: ({ signal }) => api.contacts.get(contactId, { signal }),
  })
  if (contact.isError && !contact.data) {
    return <Failed text={t('context.failed')} reason={reasonOf(contact.error, t)} onRetry={() => void contact.refetch()} />
  }
  if (!contact.data) {
    return (
      <section className={css.part}>
        <Skeleton circle height={48} />
        <Skeleton height={12} width="60%" mt={12} />
      </section>
    )
  }
  return <Known key={contactId} contact={contact.data} link={link} />
}

function Known({ contact, link }: { contact: Contact; link: boolean }) {
  const { api, queries, session } = useConsole()
  const { t, clock } = useText()
  const may = mayWrite(session)
  const change = useMutation({
    mutationFn: (patch: PatchContact) => api.contacts.update(contact.id, patch),
    onMutate: (patch) => {
      queries.setQueryData<Contact>(keys.contact(contact.id), (before) => before && ({ ...before, ...patch } as Contact))
    },
    onSuccess: (next) => queries.setQueryData(keys.contact(contact.id), next),
    onError: (error) => {
      toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
      void queries.invalidateQueries({ queryKey: keys.contact(contact.id) })
    },
  })
  const blocked = contact.status === 'blocked'
  return (
    <section className={css.part} aria-label={t('context.person')}>
      <div className={css.person}>
        <Face id={contact.id} name={nameOf(contact, t)} size={48} />
        <div>
          <bdi className={css.personName}>{nameOf(contact, t)}</bdi>
          {blocked && <span className={css.blocked}>{t('context.blocked')}</span>}
          {contact.phone && <bdi className={css.dim}>{contact.phone}</bdi>}
        </div>
      </div>
      <Kept
        label={t('context.name')}
        value={contact.name ?? ''}
        disabled={!may}
        onKeep={(name) => change.mutate({ name: name || null })}
      />
      <Kept
        label={t('context.notes')}
        hint={t('context.notesHint')}
        value={contact.notes ?? ''}
        disabled={!may}
        long
        onKeep={(notes) => change.mutate({ notes: notes || null })}
      />
      <h3 className={css.title}>{t('context.identities')}</h3>
      <ul className={css.identities}>
        {contact.identities.map((one) => (
          <li key={`${one.kind}${one.value}`}>
            <bdi>{one.value}</bdi>
            <small>
              {one.kind.replaceAll('_', ' ')} · {t('context.since', { date: shortDate(clock, one.since) })}
            </small>
          </li>
        ))}
      </ul>
      <div className={css.actions}>
        {link && (
          <Button component={Link} to={`/contacts/${contact.id}`} size="compact-xs" variant="default">
            {t('context.open')}
          </Button>
        )}
        {may && (
          <Button size="compact-xs" variant="default" onClick={() => change.mutate({ status: blocked ? 'active' : 'blocked' })}>
            {t(blocked ? 'context.unblock' : 'context.block')}
          </Button>
        )}
      </div>
    </section>
  )
}

interface KeptProps {
  label: string
  hint?: string
  value: string
  disabled: boolean
  long?: boolean
  onKeep: (value: string) => void
}

/** A field that is saved when it is left. A change of the server shows as long as nobody is writing in it. */
function Kept({ label, hint, value, disabled, long = false, onKeep }: KeptProps) {
  const [typed, setTyped] = useState(value)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (!busy) setTyped(value)
  }, [value, busy])
  const shared = {
    label,
    placeholder: hint,
    size: 'xs',
    dir: 'auto',
    value: typed,
    readOnly: disabled,
    onFocus: () => setBusy(true),
    onChange: (event: { currentTarget: { value: string } }) => setTyped(event.currentTarget.value),
    onBlur: () => {
      setBusy(false)
      if (typed.trim() !== value) onKeep(typed.trim())
    },
  } as const
  return long ? <Textarea {...shared} autosize minRows={2} maxRows={8} /> : <TextInput {...shared} />
}
