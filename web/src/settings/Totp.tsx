/** A second step at sign-in: a code from an app on the phone. */
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { renderSVG } from 'uqr'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { useSignedIn } from '../app/signedIn.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { CodeField, PasswordField } from '../door/fields.tsx'
import { passwordRefusal, refusal } from '../door/words.ts'
import { Card, CopyLine, useCopy } from './parts.tsx'
import css from './settings.module.css'

export function Totp() {
  const { session } = useSignedIn()
  const { t } = useText()
  const [codes, setCodes] = useState<string[] | null>(null)
  if (codes) return <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />
  return (
    <Card title={t('totp.title')} text={t(session.totp ? 'totp.on' : 'totp.text')} testId="totp">
      {session.totp ? <TurnOff /> : <TurnOn onCodes={setCodes} />}
    </Card>
  )
}

function TurnOn({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const start = useMutation({ mutationFn: () => api.me.startTotp(password) })
  const confirm = useMutation({
    mutationFn: () => api.me.confirmTotp(code.trim()),
    onSuccess: ({ recoveryCodes }) => {
      onCodes(recoveryCodes)
      void queries.invalidateQueries({ queryKey: keys.session })
      void queries.invalidateQueries({ queryKey: keys.me })
    },
  })
  if (!start.data) {
    return (
      <form
        className={css.inline}
        onSubmit={(event) => {
          event.preventDefault()
          start.mutate()
        }}
      >
        <PasswordField label={t('totp.password')} value={password} onChange={setPassword} />
        <Button type="submit" variant="default" loading={start.isPending}>
          {t('totp.start')}
        </Button>
        {start.isError && (
          <p className={css.error} role="alert">
            {passwordRefusal(start.error, t)}
          </p>
        )}
      </form>
    )
  }
  const { secret, uri } = start.data
  return (
    <form
      className={css.totp}
      onSubmit={(event) => {
        event.preventDefault()
        confirm.mutate()
      }}
    >
      <QrCode text={uri} label={t('totp.qr')} />
      <div className={css.padless}>
        <p className={css.cardText}>{t('totp.scan')}</p>
        <CopyLine label={t('totp.secret')} value={secret} />
        <CodeField value={code} onChange={setCode} />
        {confirm.isError && (
          <p className={css.error} role="alert">
            {refusal(confirm.error, t)}
          </p>
        )}
        <div className={css.formBar}>
          <Button type="submit" loading={confirm.isPending}>
            {t('totp.confirm')}
          </Button>
        </div>
      </div>
    </form>
  )
}

/** Black on white in the dark too: cameras want it so. The markup is made here from a QR code's squares. */
function QrCode({ text, label }: { text: string; label: string }) {
  const svg = renderSVG(text, { border: 2 })
  return <img className={css.qr} src={`data:image/svg+xml,${encodeURIComponent(svg)}`} alt={label} width={200} height={200} />
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useText()
  const copy = useCopy()
  return (
    <Card title={t('totp.codes')} text={t('totp.codes.text')} testId="recovery-codes">
      <ul className={css.codes} dir="ltr">
        {codes.map((one) => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
      <div className={css.formBar}>
        <Button variant="default" onClick={() => copy(codes.join('\n'))}>
          {t('app.copy')}
        </Button>
        <Button onClick={onDone}>{t('totp.codes.done')}</Button>
      </div>
    </Card>
  )
}

function TurnOff() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [password, setPassword] = useState('')
  const off = useMutation({
    mutationFn: () => api.me.removeTotp(password),
    onSuccess: () => {
      toast({ text: t('totp.off.done') })
      void queries.invalidateQueries({ queryKey: keys.session })
      void queries.invalidateQueries({ queryKey: keys.me })
    },
  })
  return (
    <form
      className={css.inline}
      onSubmit={(event) => {
        event.preventDefault()
        off.mutate()
      }}
    >
      <PasswordField label={t('totp.password')} value={password} onChange={setPassword} />
      <Button type="submit" variant="default" loading={off.isPending}>
        {t('totp.off')}
      </Button>
      {off.isError && (
        <p className={css.error} role="alert">
          {passwordRefusal(off.error, t)}
        </p>
      )}
    </form>
  )
}
