import { Button, FileButton, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Template } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { fill, missing, type Place, type PlaceValues, placeKey } from '../../rules/templatePreview.ts'
import css from './template.module.css'

interface Props {
  template: Template
  accountId: string
  busy: boolean
  onSend: (template: Template, values: PlaceValues) => void
  onBack: () => void
}

export function TemplateForm({ template, accountId, busy, onSend, onBack }: Props) {
  const { t } = useText()
  const [values, setValues] = useState<PlaceValues>({})
  const set = (place: Place, value: string) => setValues((before) => ({ ...before, [placeKey(place)]: value }))
  const empty = missing(template, values).length
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (empty === 0) onSend(template, values)
  }
  return (
    <form className={css.form} onSubmit={submit}>
      <div className={css.fields}>
        {template.places.map((place, at) =>
          place.slot === 'headerMedia' ? (
            <HeaderFile key={placeKey(place)} accountId={accountId} onFile={(id) => set(place, id)} />
          ) : (
            <TextInput
              key={placeKey(place)}
              size="xs"
              dir="auto"
              label={place.label}
              autoFocus={at === 0}
              placeholder={place.example ? t('template.example', { text: place.example }) : undefined}
              value={values[placeKey(place)] ?? ''}
              onChange={(event) => set(place, event.currentTarget.value)}
            />
          ),
        )}
      </div>
      <Preview template={template} values={values} />
      <div className={css.formBar}>
        <Button size="xs" variant="default" onClick={onBack}>
          {t('template.change')}
        </Button>
        <span className={css.empty}>{empty > 0 ? t('template.missing', { n: empty }) : ''}</span>
        <Button size="xs" type="submit" disabled={empty > 0} loading={busy} data-testid="send-button">
          {t('template.send')}
        </Button>
      </div>
    </form>
  )
}

function HeaderFile({ accountId, onFile }: { accountId: string; onFile: (mediaId: string) => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const upload = useMutation({
    mutationFn: (file: File) => api.media.upload(file, { fileName: file.name, accountId }),
    onSuccess: (media) => onFile(media.id),
  })
  return (
    <div className={css.headerFile}>
      <span>{t('template.media')}</span>
      <FileButton onChange={(file) => file && upload.mutate(file)}>
        {(props) => (
          <Button {...props} size="xs" variant="default" loading={upload.isPending}>
            {upload.data?.fileName ?? t('template.choose')}
          </Button>
        )}
      </FileButton>
      {upload.isError && <small role="alert">{t('composer.uploadFailed', { reason: reasonOf(upload.error, t) })}</small>}
    </div>
  )
}

function Preview({ template, values }: { template: Template; values: PlaceValues }) {
  const { t } = useText()
  const written = (text: string, slot: Place['slot']) =>
    fill(text, slot, values).map((piece, at) => {
      const key = `${at}`
      if (piece.place === null) return <span key={key}>{piece.text}</span>
      return (
        <mark key={key} data-filled={piece.filled || undefined}>
          <bdi>{piece.text}</bdi>
        </mark>
      )
    })
  return (
    <figure className={css.preview}>
      <figcaption>{t('template.preview')}</figcaption>
      <div className={css.previewBubble} dir="auto">
        {template.header && <strong>{written(template.header, 'header')}</strong>}
        <span className={css.previewText}>{written(template.body, 'body')}</span>
        {template.footer && <small>{template.footer}</small>}
        {template.buttons.length > 0 && (
          <ul>
            {template.buttons.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        )}
      </div>
    </figure>
  )
}
