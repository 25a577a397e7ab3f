/** One lead: what is known, from which line, who has it, and other leads of the same person. */
import { Button, Drawer, NativeSelect, NumberInput, Skeleton, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Lead, LeadStatus, PatchLead } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayWrite, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useStore } from '../app/store.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Appointments } from '../bookings/Appointments.tsx'
import { asked } from '../bookings/asked.ts'
import { useMembers } from '../people/presence.ts'
import { choices } from '../rules/leadBoard.ts'
import { useChange } from '../settings/parts.tsx'
import { shortDate } from '../text/time.ts'
import css from './leads.module.css'
import { distanceText, leadName } from './parts.tsx'
import { useChangeLead } from './useLeads.ts'

type Move = (lead: Lead, to: LeadStatus) => void

export function LeadPanel({ id, onMove, onClose }: { id: string | null; onMove: Move; onClose: () => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const choosing = useStore(asked) !== null
  const lead = useQuery({
    queryKey: keys.lead(id ?? ''),
    queryFn: ({ signal }) => api.leads.get(id ?? '', { signal }),
    enabled: id !== null,
  })
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      // Else one press closed both.
      closeOnEscape={!choosing}
      position="right"
      size={420}
      title={lead.data ? leadName(lead.data, t) : t('leads.one')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {lead.isPending && <Skeleton height={320} />}
      {lead.isError && !lead.data && (
        <Failed text={t('context.failed')} reason={reasonOf(lead.error, t)} onRetry={() => void lead.refetch()} />
      )}
      {lead.data && <Known key={lead.data.id} lead={lead.data} onMove={onMove} />}
    </Drawer>
  )
}

function Known({ lead, onMove }: { lead: Lead; onMove: Move }) {
  const { session } = useConsole()
  const { t, clock } = useText()
  const members = useMembers().data?.items ?? []
  const change = useChangeLead()
  const may = mayWrite(session) && lead.joinedInto === null
  const keep = (patch: PatchLead) => change.mutate({ lead, patch })
  return (
    <div className={css.panel} data-testid="lead-panel">
      <NativeSelect
        size="xs"
        label={t('leads.state')}
        disabled={!may}
        value={lead.status}
        onChange={(event) => {
          const to = choices(lead.status).find((one) => one === event.currentTarget.value)
          if (to) onMove(lead, to)
        }}
        data={choices(lead.status).map((value) => ({ value, label: t(`leads.status.${value}`) }))}
      />
      {lead.status === 'lost' && lead.lostReason && <p dir="auto">{lead.lostReason}</p>}
      <NativeSelect
        size="xs"
        label={t('leads.urgency')}
        disabled={!may}
        value={lead.urgency}
        onChange={(event) => keep({ urgency: event.currentTarget.value as Lead['urgency'] })}
        data={(['low', 'normal', 'high', 'emergency'] as const).map((value) => ({ value, label: t(`leads.urgency.${value}`) }))}
      />
      <NativeSelect
        size="xs"
        label={t('leads.assignee')}
        disabled={!may}
        value={lead.assignee?.id ?? ''}
        onChange={(event) => keep({ assigneeId: event.currentTarget.value || null })}
        data={[{ value: '', label: t('leads.assignee.none') }, ...members.map((one) => ({ value: one.id, label: one.name }))]}
      />
      <Appointments lead={lead} />
      <Field
        lead={lead}
        field="problem"
        label={t('leads.problem')}
        value={lead.problem}
        may={may}
        long
        onKeep={(problem) => keep({ problem })}
      />
      <Field
        lead={lead}
        field="address"
        label={t('leads.address')}
        value={lead.address}
        may={may}
        onKeep={(address) => keep({ address })}
      />
      {lead.distance && (
        <p className={css.dim} data-far={!lead.distance.inArea || undefined}>
          {t(lead.distance.inArea ? 'leads.inArea' : 'leads.outOfArea', { distance: distanceText(lead.distance, clock) })}
        </p>
      )}
      <NumberInput
        size="xs"
        label={t('leads.value')}
        min={0}
        decimalScale={2}
        hideControls
        readOnly={!may}
        defaultValue={lead.estimatedValue ?? ''}
        onBlur={(event) => {
          const value = amountOf(event.currentTarget.value)
          if (value !== lead.estimatedValue && !Number.isNaN(value)) keep({ estimatedValue: value })
        }}
      />
      {(lead.status === 'completed' || lead.conversionValue !== null) && (
        <NumberInput
          size="xs"
          label={t('leads.won')}
          min={0}
          decimalScale={2}
          hideControls
          readOnly={!may}
          defaultValue={lead.conversionValue ?? ''}
          onBlur={(event) => {
            const value = amountOf(event.currentTarget.value)
            if (value !== lead.conversionValue && !Number.isNaN(value)) keep({ conversionValue: value })
          }}
        />
      )}
      <Field lead={lead} label={t('leads.notes')} value={lead.notes} may={may} long onKeep={(notes) => keep({ notes })} />
      <div className={css.ways}>
        <Button component={Link} to={`/inbox/${lead.conversationId}`} size="compact-xs" variant="default">
          {t('leads.conversation')}
        </Button>
        {lead.callId && (
          <Button component={Link} to={`/calls/${lead.callId}`} size="compact-xs" variant="default">
            {t('leads.call')}
          </Button>
        )}
      </div>
      <p className={css.dim}>{t('context.since', { date: shortDate(clock, lead.createdAt) })}</p>
      <Twins lead={lead} may={mayWrite(session)} />
    </div>
  )
}

/** null where nothing is written. */
const amountOf = (typed: string): number | null => (typed === '' ? null : Number(typed.replace(',', '.')))

interface FieldProps {
  lead: Lead
  field?: string
  label: string
  value: string | null
  may: boolean
  long?: boolean
  onKeep: (value: string | null) => void
}

/** Saved when it is left; beside it the line from which the assistant has it. */
function Field({ lead, field, label, value, may, long = false, onKeep }: FieldProps) {
  const { t } = useText()
  const [typed, setTyped] = useState(value ?? '')
  useEffect(() => setTyped(value ?? ''), [value])
  const shared = {
    ...{ label, size: 'xs', dir: 'auto', value: typed, readOnly: !may },
    onChange: (event: { currentTarget: { value: string } }) => setTyped(event.currentTarget.value),
    onBlur: () => {
      if (typed.trim() !== (value ?? '')) onKeep(typed.trim() || null)
    },
  } as const
  const sources = (lead.analysis?.sources ?? {}) as Record<string, string[]>
  const source = field ? sources[field]?.[0] : undefined
  return (
    <div>
      {long ? <Textarea {...shared} autosize minRows={2} maxRows={8} /> : <TextInput {...shared} />}
      {source && (
        <Link
          className={css.source}
          to="/inbox/$conversationId"
          params={{ conversationId: lead.conversationId }}
          search={{ message: source }}
        >
          {t('leads.source')}
        </Link>
      )}
    </div>
  )
}

/** Other leads of the same person: two that are one become one, and can be taken apart again. */
function Twins({ lead, may }: { lead: Lead; may: boolean }) {
  const { api, queries } = useConsole()
  const { t, clock } = useText()
  const twins = useQuery({
    queryKey: keys.leadTwins(lead.contact.id),
    queryFn: async ({ signal }) => (await api.leads.list({ contactId: lead.contact.id, status: 'all' }, { signal })).items,
  })
  const after = (): void => {
    void queries.invalidateQueries({ queryKey: keys.allLeads })
    void queries.invalidateQueries({ queryKey: keys.allSums })
    void queries.invalidateQueries({ queryKey: keys.leadTwins(lead.contact.id) })
    void queries.invalidateQueries({ queryKey: keys.lead(lead.id) })
  }
  const separate = useChange({ run: (other: string) => api.leads.separate(other), done: t('leads.separated'), after })
  const join = useChange({ run: (other: string) => api.leads.join(lead.id, other), done: t('leads.joined'), after })
  const others = (twins.data ?? []).filter((one) => one.id !== lead.id)
  if (others.length === 0 && lead.joined.length === 0) return null
  return (
    <section aria-label={t('leads.twins')}>
      <h3 className={css.columnHead}>{t('leads.twins')}</h3>
      <ul className={css.twins}>
        {others.map((one) => (
          <li key={one.id}>
            <span dir="auto">{one.problem ?? t(`leads.status.${one.status}`)}</span>
            <small>{shortDate(clock, one.createdAt)}</small>
            {may && lead.joinedInto === null && (
              <Button size="compact-xs" variant="default" loading={join.isPending} onClick={() => join.mutate(one.id)}>
                {t('leads.join')}
              </Button>
            )}
          </li>
        ))}
        {lead.joined.map((one) => (
          <li key={one}>
            <span>{t('leads.partOf')}</span>
            {may && (
              <Button size="compact-xs" variant="default" loading={separate.isPending} onClick={() => separate.mutate(one)}>
                {t('leads.separate')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
