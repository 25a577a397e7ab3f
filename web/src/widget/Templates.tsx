/** Approved templates of the number: look, fill in, and send where the link allows it. */
import { TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Template, Widget } from '../../../client/index.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { TemplateForm } from '../inbox/composer/TemplateForm.tsx'
import pickerCss from '../inbox/composer/template.module.css'
import { canBeSent, type PlaceValues, parametersOf, searchTemplates } from '../rules/templatePreview.ts'
import type { WidgetApi } from './api.ts'
import css from './widget.module.css'

const needsFile = (template: Template) => template.places.some(({ slot }) => slot === 'headerMedia')

export function Templates({ api, widget, onSent }: { api: WidgetApi; widget: Widget; onSent: () => void }) {
  const { t } = useText()
  const [asked, setAsked] = useState('')
  const [chosen, setChosen] = useState<Template | null>(null)
  const templates = useQuery({ queryKey: ['templates'], queryFn: api.templates })
  if (!widget.conversation) return <Empty title={t('widget.noNumber')} />
  if (templates.isError)
    return <Failed text={t('context.failed')} reason={reasonOf(templates.error, t)} onRetry={() => void templates.refetch()} />
  const approved = templates.data?.items.filter(canBeSent) ?? []
  if (templates.data && approved.length === 0) return <Empty title={t('template.none')} />
  if (chosen) return <Sending api={api} template={chosen} widget={widget} onSent={onSent} onBack={() => setChosen(null)} />
  const found = searchTemplates(approved, asked)
  return (
    <div className={css.templates}>
      {!widget.maySend && <p className={css.note}>{t('widget.readOnly')}</p>}
      <TextInput
        size="xs"
        placeholder={t('template.search')}
        aria-label={t('template.search')}
        value={asked}
        onChange={(event) => setAsked(event.currentTarget.value)}
      />
      {approved.length > 0 && found.length === 0 && <p className={css.note}>{t('template.noMatch')}</p>}
      <ul className={pickerCss.list} aria-label={t('template.title')}>
        {found.map((one) => (
          <li key={one.id}>
            <button type="button" disabled={!widget.maySend || needsFile(one)} onClick={() => setChosen(one)}>
              <span>
                <bdi>{one.name.replaceAll('_', ' ')}</bdi> <small>{one.language}</small>
              </span>
              <small className={pickerCss.body} dir="auto">
                {one.body}
              </small>
              {needsFile(one) && <small>{t('widget.needsFile')}</small>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface SendingProps {
  api: WidgetApi
  template: Template
  widget: Widget
  onSent: () => void
  onBack: () => void
}

function Sending({ api, template, widget, onSent, onBack }: SendingProps) {
  const { t } = useText()
  const queries = useQueryClient()
  // One for all tries of this form: an answer that was lost must not send twice.
  const key = useRef(crypto.randomUUID())
  const send = useMutation({
    mutationFn: (values: PlaceValues) =>
      api.sendTemplate({
        name: template.name,
        language: template.language,
        parameters: parametersOf(template, values),
        idempotencyKey: key.current,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['history'] })
      onSent()
    },
  })
  return (
    <>
      {send.isError && (
        <p className={css.error} role="alert">
          {reasonOf(send.error, t)}
        </p>
      )}
      <TemplateForm
        template={template}
        accountId={widget.conversation?.account.id ?? ''}
        busy={send.isPending}
        onSend={(_, values) => send.mutate(values)}
        onBack={onBack}
      />
    </>
  )
}
