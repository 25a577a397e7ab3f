import { Button, JsonInput, Skeleton, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DeadLetter } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { fullTime } from '../text/time.ts'
import { Card, Confirm, Head, useChange } from './parts.tsx'
import css from './settings.module.css'

export function DeadLetterPage({ id, onBack }: { id: string; onBack: () => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const letter = useQuery({
    queryKey: [...keys.deadLetters, 'one', id],
    queryFn: ({ signal }) => api.deadLetters.get(id, { signal }),
    staleTime: 0,
  })
  return (
    <>
      <Head title={letter.data ? t(`letters.reason.${letter.data.reason}`) : t('settings.letters')}>
        <Button size="xs" variant="default" onClick={onBack} autoFocus>
          {t('app.back')}
        </Button>
      </Head>
      {letter.isPending && <Skeleton height={320} radius={12} />}
      {letter.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(letter.error, t)} onRetry={() => void letter.refetch()} />
      )}
      {letter.data && <One key={letter.data.resolvedAt ?? 'open'} letter={letter.data} onDone={onBack} />}
    </>
  )
}

function One({ letter, onDone }: { letter: DeadLetter; onDone: () => void }) {
  const { t, clock } = useText()
  const facts = [
    letter.source,
    letter.queue,
    t(`letters.state.${letter.state}`),
    t('letters.came', { time: fullTime(clock, letter.createdAt) }),
    letter.retryCount > 0 && t('letters.tried', { n: letter.retryCount }),
    letter.nextTryAt && t('letters.next', { time: fullTime(clock, letter.nextTryAt) }),
  ]
  return (
    <div className={css.fields} data-testid="dead-letter">
      <Card>
        {letter.error && (
          <p className={css.error} dir="auto">
            {letter.error}
          </p>
        )}
        <small className={css.dim}>
          <bdi>{facts.filter(Boolean).join(' · ')}</bdi>
        </small>
      </Card>
      {letter.resolvedAt ? (
        <Raw title={t('letters.payload')} text={pretty(letter.payload)} open />
      ) : (
        <Mend letter={letter} onDone={onDone} />
      )}
      {letter.trail.length > 0 && (
        <Card title={t('letters.trail')}>
          <ol className={css.lines}>
            {letter.trail.map((one) => (
              <li key={`${one.at} ${one.did}`} className={css.line}>
                <div>
                  <span dir="auto">{t(`letters.did.${one.did}`, { who: one.name })}</span>
                  <small>
                    <time dateTime={one.at}>{fullTime(clock, one.at)}</time>
                    {one.note && <bdi>{` · ${one.note}`}</bdi>}
                  </small>
                </div>
              </li>
            ))}
          </ol>
        </Card>
      )}
      {letter.edited && <Raw title={t('letters.original')} text={pretty(letter.originalPayload)} />}
      {letter.webhook && (
        <Raw
          title={t('letters.webhook')}
          text={`${Object.entries(letter.webhook.headers)
            .map(([name, value]) => `${name}: ${String(value)}`)
            .join('\n')}\n\n${letter.webhook.body}`}
          note={letter.webhook.truncated ? t('letters.truncated') : undefined}
        />
      )}
    </div>
  )
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function Mend({ letter, onDone }: { letter: DeadLetter; onDone: () => void }) {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const before = pretty(letter.payload)
  const [text, setText] = useState(before)
  const [discarding, setDiscarding] = useState(false)
  const [note, setNote] = useState('')
  const value = objectOf(text)
  const again = () => void queries.invalidateQueries({ queryKey: keys.deadLetters })
  const replay = useChange({
    run: () => api.deadLetters.replay(letter.id, text === before || !value ? {} : { payload: value }),
    after: ({ outcome, error }) => {
      again()
      if (outcome === 'replayed') {
        toast({ text: t('letters.replayed') })
        onDone()
      } else toast({ text: t('letters.failed', { reason: error ?? '' }), tone: 'bad' })
    },
  })
  const discard = useChange({
    run: () => api.deadLetters.discard(letter.id, note.trim() ? { note: note.trim() } : {}),
    done: t('letters.discarded'),
    after: () => {
      again()
      onDone()
    },
  })
  const may = mayManage(session)
  return (
    <Card onSubmit={() => replay.mutate()} testId="dead-letter-form">
      <JsonInput
        label={t('letters.payload')}
        description={t('letters.payload.help')}
        validationError={t('letters.payload.wrong')}
        error={value ? undefined : t('letters.payload.wrong')}
        formatOnBlur
        autosize
        minRows={8}
        maxRows={28}
        readOnly={!may}
        value={text}
        onChange={setText}
        spellCheck={false}
        classNames={{ input: css.json }}
        dir="ltr"
      />
      {may && (
        <>
          <TextInput
            label={t('letters.note')}
            dir="auto"
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <div className={css.formBar}>
            <Button
              variant="subtle"
              disabled={text === pretty(letter.originalPayload)}
              onClick={() => setText(pretty(letter.originalPayload))}
            >
              {t('letters.reset')}
            </Button>
            <Button variant="default" loading={discard.isPending} onClick={() => setDiscarding(true)}>
              {t('letters.discard')}
            </Button>
            <Button type="submit" loading={replay.isPending} disabled={!value}>
              {t('letters.replay')}
            </Button>
          </div>
        </>
      )}
      {replay.isError && (
        <p className={css.error} role="alert" dir="auto">
          {reasonOf(replay.error, t)}
        </p>
      )}
      <Confirm
        opened={discarding}
        title={t('letters.discard')}
        text={t('letters.discardConfirm')}
        action={t('letters.discard')}
        onConfirm={() => discard.mutate()}
        onClose={() => setDiscarding(false)}
      />
    </Card>
  )
}

/** Long and seldom wanted: folded, in a field that the keyboard reaches and scrolls. */
function Raw({ title, text, note, open = false }: { title: string; text: string; note?: string; open?: boolean }) {
  return (
    <details className={`${css.card} ${css.padded}`} open={open}>
      <summary>{title}</summary>
      <Textarea
        mt="xs"
        readOnly
        autosize
        maxRows={24}
        aria-label={title}
        description={note}
        value={text}
        spellCheck={false}
        classNames={{ input: css.json }}
        dir="ltr"
      />
    </details>
  )
}
