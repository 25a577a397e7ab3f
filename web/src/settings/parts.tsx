/** What the pages of the settings are made of. */
import { Button, Modal, TextInput } from '@mantine/core'
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import css from './settings.module.css'

export function Head({ title, lead, children }: { title: string; lead?: string; children?: ReactNode }) {
  return (
    <>
      <div className={css.head}>
        <h2>{title}</h2>
        {children}
      </div>
      {lead && <p className={css.lead}>{lead}</p>}
    </>
  )
}

/** A card with a heading; with `onSubmit` it is a form. */
export function Card(props: { title?: string; text?: string; onSubmit?: () => void; children: ReactNode; testId?: string }) {
  const inner = (
    <>
      {props.title && <h3>{props.title}</h3>}
      {props.text && <p className={css.cardText}>{props.text}</p>}
      {props.children}
    </>
  )
  const className = `${css.card} ${css.padded}`
  if (!props.onSubmit)
    return (
      <section className={className} data-testid={props.testId}>
        {inner}
      </section>
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    props.onSubmit?.()
  }
  return (
    <form className={className} onSubmit={submit} data-testid={props.testId}>
      {inner}
    </form>
  )
}

export function Toggle(props: {
  label: string
  help?: string
  checked: boolean
  onChange: (on: boolean) => void
  disabled?: boolean
}) {
  return (
    <label className={css.toggle}>
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>
        {props.label}
        {props.help && <small>{props.help}</small>}
      </span>
    </label>
  )
}

export function useCopy(): (value: string) => void {
  const { t } = useText()
  return (value) =>
    void navigator.clipboard.writeText(value).then(
      () => toast({ text: t('app.copied') }),
      () => toast({ text: t('app.copyFailed'), tone: 'bad' }),
    )
}

/** A value to carry elsewhere. */
export function CopyLine({ label, value }: { label: string; value: string }) {
  const { t } = useText()
  const copy = useCopy()
  return (
    <div className={css.copyLine}>
      <span>{label}</span>
      <code dir="ltr">{value}</code>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${t('app.copy')}: ${label}`}
        leftSection={<IconCopy size={14} aria-hidden />}
        onClick={() => copy(value)}
      >
        {t('app.copy')}
      </Button>
    </div>
  )
}

/** What is shown once and never again. */
export function Once({ text, value, testId }: { text: string; value: string; testId?: string }) {
  const { t } = useText()
  const copy = useCopy()
  return (
    <div className={css.once} role="status">
      <p>{text}</p>
      <code dir="ltr" data-testid={testId}>
        {value}
      </code>
      <Button size="compact-xs" variant="default" leftSection={<IconCopy size={14} aria-hidden />} onClick={() => copy(value)}>
        {t('app.copy')}
      </Button>
    </div>
  )
}

interface ConfirmProps {
  opened: boolean
  title: string
  text: string
  action: string
  /** What has to be typed first, where many people are concerned. */
  typed?: string
  /** Default: red. */
  color?: string
  onConfirm: () => void
  onClose: () => void
}

export function Confirm({ opened, title, text, action, typed, color = 'red', onConfirm, onClose }: ConfirmProps) {
  const { t } = useText()
  const [said, setSaid] = useState('')
  const ready = typed === undefined || said.trim() === typed
  const close = () => {
    setSaid('')
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!ready) return
          close()
          onConfirm()
        }}
      >
        <p className={css.confirmText}>{text}</p>
        {typed !== undefined && (
          <TextInput
            label={t('app.typeToConfirm', { text: typed })}
            value={said}
            onChange={(event) => setSaid(event.currentTarget.value)}
            data-autofocus
            autoComplete="off"
          />
        )}
        <div className={css.modalBar}>
          <Button variant="default" onClick={close}>
            {t('app.cancel')}
          </Button>
          <Button color={color} type="submit" disabled={!ready}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  )
}

/** A change with its words: `done` when it is made, the reason when it is not. */
export function useChange<I = void, O = unknown>(of: {
  run: (input: I) => Promise<O>
  done?: string | null
  after?: (output: O, input: I) => void
  /** Shows the error itself. */
  quiet?: boolean
}) {
  const { t } = useText()
  return useMutation<O, unknown, I>({
    mutationFn: of.run,
    onSuccess: (output, input) => {
      if (of.done) toast({ text: of.done })
      of.after?.(output, input)
    },
    onError: (error) => {
      if (!of.quiet) toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
    },
  })
}
