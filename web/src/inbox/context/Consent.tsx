/** What this person agreed to: how it stands on each channel, what was said, and a place to write down what was said elsewhere. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { AddConsent, Consents, Contact, StandingConsent } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'
import type { Translate } from '../../text/t.ts'
import { fullTime, shortDate } from '../../text/time.ts'
import { channelName } from '../ChannelMark.tsx'
import { useAccounts } from '../composer/useAccount.ts'
import css from './context.module.css'

const stateText = (one: Pick<StandingConsent, 'topic' | 'state'>, t: Translate): string =>
  t(one.topic === 'marketing' ? `consent.marketing.${one.state}` : `consent.${one.state}`)
const sourceText = (source: string, t: Translate): string =>
  source === 'keyword' || source === 'provider' ? t(`consent.source.${source}`) : source

export function Consent({ contactId }: { contactId: string }) {
  const { api, session } = useConsole()
  const { t, clock } = useText()
  const [writing, setWriting] = useState(false)
  const contact = useQuery<Contact>({
    queryKey: keys.contact(contactId),
    queryFn: ({ signal }) => api.contacts.get(contactId, { signal }),
  })
  if (!contact.data) return null
  const standing = contact.data.consents
  return (
    <section className={css.part} aria-label={t('consent.title')} data-testid="consent">
      <div className={css.titleLine}>
        <h3 className={css.title}>{t('consent.title')}</h3>
        {mayWrite(session) && (
          <Button size="compact-xs" variant="default" aria-expanded={writing} onClick={() => setWriting(!writing)}>
            {t('consent.add')}
          </Button>
        )}
      </div>
      {standing.length === 0 && !writing && <p className={css.dim}>{t('consent.none')}</p>}
      {standing.length > 0 && (
        <ul className={css.identities}>
          {standing.map((one) => (
            <li key={one.channel + one.topic} data-state={one.state}>
              <span className={one.state === 'opted_out' ? css.blocked : undefined}>{stateText(one, t)}</span>
              <small>
                {channelName(one.channel)} · {t('context.since', { date: shortDate(clock, one.since) })}
              </small>
            </li>
          ))}
        </ul>
      )}
      {writing && <WriteDown contactId={contactId} onDone={() => setWriting(false)} />}
      {standing.length > 0 && <History contactId={contactId} newest={standing.map((one) => one.since).join()} />}
    </section>
  )
}

/** Read when it is opened. */
function History({ contactId, newest }: { contactId: string; newest: string }) {
  const { api } = useConsole()
  const { t, clock } = useText()
  const [open, setOpen] = useState(false)
  const consents = useQuery({
    queryKey: [...keys.consents(contactId), newest],
    queryFn: ({ signal }) => api.contacts.consents(contactId, { signal }),
    enabled: open,
  })
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={css.dim}>{t('consent.history')}</summary>
      {consents.isError && <p className={css.dim}>{t('context.failed')}</p>}
      <ol className={css.steps}>
        {consents.data?.history.map((one) => (
          <li key={one.id} data-tone={one.state === 'opted_out' ? 'refused' : 'accepted'}>
            <strong>
              {stateText(one, t)} · {channelName(one.channel)}
            </strong>
            <q dir="auto">{one.wording}</q>
            <small>
              {sourceText(one.source, t)} · {fullTime(clock, one.at)}
            </small>
          </li>
        ))}
      </ol>
    </details>
  )
}

function WriteDown({ contactId, onDone }: { contactId: string; onDone: () => void }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const channels = [...new Set((useAccounts().data?.items ?? []).map((one) => one.channel))]
  const [channel, setChannel] = useState<string | null>(null)
  const [state, setState] = useState<AddConsent['state']>('opted_out')
  const [source, setSource] = useState('')
  const [wording, setWording] = useState('')
  const chosen = channel ?? channels[0] ?? null
  const add = useMutation({
    mutationFn: (given: AddConsent) => api.contacts.addConsent(contactId, given),
    onSuccess: ({ standing }: Consents) => {
      queries.setQueryData<Contact>(keys.contact(contactId), (before) => before && { ...before, consents: standing })
      onDone()
    },
    onError: (error) => toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (chosen && source.trim() && wording.trim()) add.mutate({ channel: chosen, state, source, wording })
  }
  const states = (['opted_out', 'opted_in'] as const).map((value) => ({ value, label: t(`consent.${value}`) }))
  return (
    <form className={css.form} onSubmit={submit} aria-label={t('consent.add.title')}>
      <p className={css.dim}>{t('consent.add.title')}</p>
      <NativeSelect
        size="xs"
        label={t('consent.add.channel')}
        data={channels.map((value) => ({ value, label: channelName(value) }))}
        value={chosen ?? ''}
        onChange={(event) => setChannel(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        label={t('consent.add.state')}
        data={states}
        value={state}
        onChange={(event) => setState(event.currentTarget.value === 'opted_in' ? 'opted_in' : 'opted_out')}
      />
      <TextInput
        size="xs"
        dir="auto"
        label={t('consent.add.source')}
        placeholder={t('consent.add.sourceHint')}
        value={source}
        onChange={(event) => setSource(event.currentTarget.value)}
        maxLength={100}
        required
      />
      <TextInput
        size="xs"
        dir="auto"
        label={t('consent.add.wording')}
        value={wording}
        onChange={(event) => setWording(event.currentTarget.value)}
        maxLength={2000}
        required
      />
      <div className={css.actions}>
        <Button type="submit" size="compact-xs" loading={add.isPending}>
          {t('consent.add')}
        </Button>
        <Button size="compact-xs" variant="default" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  )
}
