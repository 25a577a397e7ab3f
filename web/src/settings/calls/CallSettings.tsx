/** How calls are taken, what callers get whom nobody answers, and what would happen to a call by that. */
import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Business, CallStandards, CallSettings as Settings } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { Card, Head, Toggle } from '../parts.tsx'
import { Unsaved } from '../Unsaved.tsx'
import { CallTexts } from './CallTexts.tsx'
import css from './callset.module.css'
import { Imagine } from './Imagine.tsx'
import { Ringing } from './Ringing.tsx'
import { type Editing, useCallDraft } from './useCallDraft.ts'

export function CallSettings() {
  const { api } = useConsole()
  const { t } = useText()
  const settings = useQuery({ queryKey: keys.callSettings, queryFn: ({ signal }) => api.calls.settings({ signal }) })
  const business = useQuery({ queryKey: keys.business, queryFn: ({ signal }) => api.business.get({ signal }) })
  const standards = useQuery({
    queryKey: [...keys.callStandards, business.data?.language],
    queryFn: ({ signal }) => api.calls.standards({ signal }),
  })
  const all = [settings, business, standards]
  const failed = all.find((one) => one.isError && !one.data)
  return (
    <>
      <Head title={t('settings.calls')} lead={t('callset.text')} />
      {failed && (
        <Failed
          text={t('context.failed')}
          reason={reasonOf(failed.error, t)}
          onRetry={() => all.forEach((one) => void one.refetch())}
        />
      )}
      {!failed && all.some((one) => !one.data) && <Skeleton height={600} radius={12} />}
      {settings.data && business.data && standards.data && (
        <Form saved={settings.data} business={business.data} standards={standards.data} />
      )}
    </>
  )
}

function Form({ saved, business, standards }: { saved: Settings; business: Business; standards: CallStandards }) {
  const { t } = useText()
  const editing = useCallDraft(saved)
  const { draft, set, may } = editing
  return (
    <>
      {!may && <p className={css.note}>{t('callset.read')}</p>}
      <form
        className={css.form}
        data-testid="call-settings"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          editing.save()
        }}
      >
        <Ringing editing={editing} standards={standards} />
        <CallTexts editing={editing} standards={standards} zone={business.timezone} />
        <Card title={t('callset.leads')}>
          <Toggle
            label={t('callset.leads.text')}
            checked={draft.leadsFromTexts}
            disabled={!may}
            onChange={(leadsFromTexts) => set({ leadsFromTexts })}
          />
        </Card>
        {may && <Bar editing={editing} standards={standards} />}
      </form>
      <Imagine sound={editing.sound} zone={business.timezone} />
      <Unsaved when={editing.dirty && !editing.saving} />
    </>
  )
}

function Bar({ editing, standards }: { editing: Editing; standards: CallStandards }) {
  const { t } = useText()
  return (
    <div className={css.bar} data-dirty={editing.dirty || undefined}>
      <Button
        variant="subtle"
        color="gray"
        onClick={() => editing.replace(standards.settings, t('callset.all.done'))}
        className={css.barStart}
      >
        {t('callset.all')}
      </Button>
      {editing.dirty && (
        <span role="status" className={css.dim}>
          {t('callset.unsaved')}
        </span>
      )}
      <Button variant="default" disabled={!editing.dirty} onClick={editing.discard}>
        {t('callset.discard')}
      </Button>
      <Button type="submit" disabled={!editing.dirty || !editing.ready} loading={editing.saving}>
        {t('app.save')}
      </Button>
    </div>
  )
}
