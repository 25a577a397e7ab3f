import { Button, NumberInput } from '@mantine/core'
import { useState } from 'react'
import type { Business } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Card } from './parts.tsx'
import css from './settings.module.css'
import { useSaveBusiness } from './useSaveBusiness.ts'

/** How long what was said is kept. To keep less is to delete: for owners. */
export function Retention({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const [content, setContent] = useState<number | string>(business.retention.contentMonths)
  const [ledger, setLedger] = useState<number | string>(business.retention.ledgerMonths)
  const [webhooks, setWebhooks] = useState<number | string>(business.retention.webhookDays)
  const save = useSaveBusiness()
  const may = session.role === 'owner'
  const submit = () =>
    save.mutate({
      retention: { contentMonths: Number(content), ledgerMonths: Number(ledger), webhookDays: Number(webhooks) },
    })
  return (
    <Card title={t('retention.title')} text={t('retention.text')} onSubmit={submit} testId="retention-form">
      <fieldset className={css.fields} disabled={!may}>
        <NumberInput
          label={t('retention.content')}
          maw={320}
          min={1}
          max={120}
          allowDecimal={false}
          required
          withAsterisk={false}
          value={content}
          onChange={setContent}
        />
        <NumberInput
          label={t('retention.ledger')}
          description={t('retention.ledger.help')}
          maw={320}
          min={Number(content) || 1}
          max={120}
          allowDecimal={false}
          required
          withAsterisk={false}
          value={ledger}
          onChange={setLedger}
        />
        <NumberInput
          label={t('retention.webhooks')}
          maw={320}
          min={7}
          max={3650}
          allowDecimal={false}
          required
          withAsterisk={false}
          value={webhooks}
          onChange={setWebhooks}
        />
      </fieldset>
      {may && (
        <div className={css.formBar}>
          <Button type="submit" loading={save.isPending}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}
