import { Button, NumberInput } from '@mantine/core'
import type { Business } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Card } from './parts.tsx'
import css from './settings.module.css'
import { useForm } from './Unsaved.tsx'
import { useSaveBusiness } from './useSaveBusiness.ts'

const formOf = ({ retention }: Business): Record<'content' | 'ledger' | 'webhooks', number | string> => ({
  content: retention.contentMonths,
  ledger: retention.ledgerMonths,
  webhooks: retention.webhookDays,
})

/** How long what was said is kept. To keep less is to delete: for owners. */
export function Retention({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const { form, set, settle } = useForm(formOf(business))
  const { content, ledger, webhooks } = form
  const save = useSaveBusiness((next) => settle(formOf(next)))
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
          onChange={(content) => set({ content })}
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
          onChange={(ledger) => set({ ledger })}
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
          onChange={(webhooks) => set({ webhooks })}
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
