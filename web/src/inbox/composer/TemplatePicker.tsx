/** Outside the window: choose an approved template, fill its places in, see what the customer will read, send. */
import { Button, TextInput } from '@mantine/core'
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Template } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Empty, Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { canBeSent, type PlaceValues, searchTemplates } from '../../rules/templatePreview.ts'
import { TemplateForm } from './TemplateForm.tsx'
import css from './template.module.css'

interface Props {
  accountId: string
  /** Why only templates go; null where it was chosen freely. */
  why: string | null
  onSend: (template: Template, values: PlaceValues) => void
  onCancel: (() => void) | null
  busy?: boolean
}

export function TemplatePicker({ accountId, why, onSend, onCancel, busy = false }: Props) {
  const { api } = useConsole()
  const { t } = useText()
  const [asked, setAsked] = useState('')
  const [chosen, setChosen] = useState<Template | null>(null)
  const templates = useQuery({
    queryKey: keys.templates(accountId),
    queryFn: ({ signal }) => api.templates.list({ accountId }, { signal }),
  })
  const approved = templates.data?.items.filter(canBeSent) ?? []
  const found = searchTemplates(approved, asked)
  return (
    <div className={css.picker} data-testid="template-picker">
      {why && <p className={css.why}>{why}</p>}
      {chosen ? (
        <TemplateForm
          key={chosen.id}
          template={chosen}
          accountId={accountId}
          busy={busy}
          onSend={onSend}
          onBack={() => setChosen(null)}
        />
      ) : (
        <>
          <div className={css.searchLine}>
            <TextInput
              size="xs"
              flex={1}
              leftSection={<IconSearch size={15} aria-hidden />}
              placeholder={t('template.search')}
              aria-label={t('template.search')}
              value={asked}
              onChange={(event) => setAsked(event.currentTarget.value)}
            />
            {onCancel && (
              <Button size="xs" variant="default" onClick={onCancel}>
                {t('app.cancel')}
              </Button>
            )}
          </div>
          {templates.isError && (
            <Failed text={t('context.failed')} reason={reasonOf(templates.error, t)} onRetry={() => void templates.refetch()} />
          )}
          {templates.data && approved.length === 0 && <Empty title={t('template.none')} text={t('template.none.text')} />}
          {approved.length > 0 && found.length === 0 && <p className={css.none}>{t('template.noMatch')}</p>}
          <ul className={css.list} aria-label={t('template.title')}>
            {found.map((one) => (
              <li key={one.id}>
                <button type="button" onClick={() => setChosen(one)}>
                  <span>
                    <bdi>{one.name.replaceAll('_', ' ')}</bdi> <small>{one.language}</small>
                  </span>
                  <small className={css.body} dir="auto">
                    {one.body}
                  </small>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
