/** A text that a business says by itself: with what is filled in, how long it is, and a way back to the standard one. */
import { Button, Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import css from './callset.module.css'
import type { Editing } from './useCallDraft.ts'

const filledIn = ['[BUSINESS]', '[TRADE]'] as const
/** Between two questions while somebody types. Milliseconds. */
const pauseMs = 250

interface Props {
  editing: Editing
  field: 'text' | 'afterHoursText' | 'greeting' | 'greetingWithoutText'
  label: string
  help?: string
  maxLength: number
  standard: string | undefined
  /** Whether it goes as SMS: then its length and what is filled in matter. */
  sent?: boolean
}

export function Words({ editing, field, label, help, maxLength, standard, sent = false }: Props) {
  const { t } = useText()
  const box = useRef<HTMLTextAreaElement>(null)
  const { may, error } = editing
  const text = editing.draft[field] ?? ''
  const insert = (what: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = box.current ?? {}
    editing.set({ [field]: text.slice(0, selectionStart) + what + text.slice(selectionEnd) })
    const place = selectionStart + what.length
    requestAnimationFrame(() => {
      box.current?.focus()
      box.current?.setSelectionRange(place, place)
    })
  }
  return (
    <div className={css.words} data-field={field}>
      <Textarea
        ref={box}
        label={label}
        description={help}
        dir="auto"
        autosize
        minRows={2}
        maxRows={8}
        maxLength={maxLength}
        value={text}
        error={error(field)}
        onChange={(event) => editing.set({ [field]: event.currentTarget.value })}
      />
      <div className={css.tools}>
        {sent && <Length text={text} />}
        {may &&
          sent &&
          filledIn.map((what) => (
            <Button
              key={what}
              size="compact-xs"
              variant="default"
              aria-label={`${t('callset.insert', { what })}: ${label}`}
              onClick={() => insert(what)}
            >
              <bdi dir="ltr">{what}</bdi>
            </Button>
          ))}
        {may && standard !== undefined && text !== standard && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`${t('callset.standard')}: ${label}`}
            onClick={() => editing.replace({ [field]: standard }, t('callset.standard.done'))}
          >
            {t('callset.standard')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** As it would be sent, with what is filled in. */
function Length({ text }: { text: string }) {
  const { api } = useConsole()
  const { t } = useText()
  const [asked] = useDebouncedValue(text.trim(), pauseMs)
  const measured = useQuery({
    queryKey: ['measured', asked],
    queryFn: ({ signal }) => api.calls.measure(asked, { signal }),
    placeholderData: keepPreviousData,
    enabled: asked !== '',
  })
  if (!measured.data || asked === '') return null
  const { segments, encoding, left } = measured.data
  return (
    <span
      className={css.dim}
      data-testid="length"
      title={t(encoding === 'UCS-2' ? 'composer.pieces.unicode' : 'composer.pieces.plain')}
    >
      {t('callset.pieces', { n: segments, encoding, left })}
    </span>
  )
}
