/** What became of calls and texts, as a board or a list: what it is worth, how urgent it is, and who has it. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Lead, LeadStatus } from '../../../client/index.ts'
import { mayWrite, useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { useMembers } from '../people/presence.ts'
import type { LeadSearch } from '../rules/leadBoard.ts'
import { Board } from './Board.tsx'
import { LeadList } from './LeadList.tsx'
import { LeadPanel } from './LeadPanel.tsx'
import { Lost } from './Lost.tsx'
import css from './leads.module.css'
import { exportQuery, useChangeLead } from './useLeads.ts'

const urgencies: Lead['urgency'][] = ['emergency', 'high', 'normal', 'low']

export function LeadsPage() {
  const { api, session } = useConsole()
  const { t } = useText()
  const search = useSearch({ from: '/leads' })
  const navigate = useNavigate()
  const change = useChangeLead()
  const [losing, setLosing] = useState<Lead | null>(null)
  const go = (next: LeadSearch) => void navigate({ to: '/leads', search: next, replace: true })
  const open = (lead: Lead | null) =>
    void navigate({
      to: '/leads',
      search: ({ lead: _before, ...rest }: LeadSearch) => ({ ...rest, ...(lead ? { lead: lead.id } : {}) }),
    })
  const may = mayWrite(session)
  const move = (lead: Lead, status: LeadStatus): void => {
    if (!may || status === lead.status) return
    if (status === 'lost') setLosing(lead)
    else change.mutate({ lead, patch: { status } })
  }
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1 className={css.title}>{t('leads.title')}</h1>
        <Filters search={search} onChange={go} />
        <fieldset className={css.views} aria-label={t('leads.view')}>
          {(['board', 'list'] as const).map((view) => (
            <Button
              key={view}
              size="xs"
              variant={(search.view ?? 'board') === view ? 'filled' : 'default'}
              aria-pressed={(search.view ?? 'board') === view}
              onClick={() => go({ ...without(search, 'view'), ...(view === 'list' ? { view } : {}) })}
            >
              {t(`leads.${view}`)}
            </Button>
          ))}
        </fieldset>
        <Button
          component="a"
          href={api.leads.exportUrl(exportQuery(search))}
          download="leads.csv"
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} aria-hidden />}
        >
          CSV
        </Button>
      </header>
      {search.view === 'list' ? (
        <LeadList search={search} onOpen={open} />
      ) : (
        <Board search={search} may={may} onMove={move} onOpen={open} />
      )}
      <LeadPanel id={search.lead ?? null} onMove={move} onClose={() => open(null)} />
      <Lost
        lead={losing}
        onClose={() => setLosing(null)}
        onLost={(lead, lostReason) => {
          change.mutate({ lead, patch: { status: 'lost', lostReason } })
          setLosing(null)
        }}
      />
    </div>
  )
}

function without(search: LeadSearch, name: keyof LeadSearch): LeadSearch {
  const { [name]: _gone, ...rest } = search
  return rest
}

function Filters({ search, onChange }: { search: LeadSearch; onChange: (next: LeadSearch) => void }) {
  const { t } = useText()
  const members = useMembers().data?.items ?? []
  const [typed, setTyped] = useState(search.q ?? '')
  useEffect(() => {
    const q = typed.trim()
    if (q === (search.q ?? '')) return
    const timer = setTimeout(() => onChange({ ...without(search, 'q'), ...(q ? { q } : {}) }), 250)
    return () => clearTimeout(timer)
  })
  const pick = (name: 'urgency' | 'assignee', value: string) =>
    onChange({ ...without(search, name), ...(value ? { [name]: value } : {}) })
  return (
    <div className={css.filters}>
      <TextInput
        type="search"
        size="xs"
        leftSection={<IconSearch size={15} aria-hidden />}
        aria-label={t('leads.search')}
        placeholder={t('leads.search')}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        aria-label={t('leads.urgency')}
        value={search.urgency ?? ''}
        onChange={(event) => pick('urgency', event.currentTarget.value)}
        data={[
          { value: '', label: t('leads.urgency.any') },
          ...urgencies.map((value) => ({ value, label: t(`leads.urgency.${value}`) })),
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label={t('leads.assignee')}
        value={search.assignee ?? ''}
        onChange={(event) => pick('assignee', event.currentTarget.value)}
        data={[
          { value: '', label: t('leads.assignee.any') },
          { value: 'me', label: t('leads.assignee.me') },
          { value: 'none', label: t('leads.assignee.none') },
          ...members.map((one) => ({ value: one.id, label: one.name })),
        ]}
      />
    </div>
  )
}
