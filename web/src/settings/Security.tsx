import { useText } from '../app/text.tsx'
import { Password } from './Password.tsx'
import { Head } from './parts.tsx'
import { Sessions } from './Sessions.tsx'
import { Totp } from './Totp.tsx'

export function Security() {
  const { t } = useText()
  return (
    <>
      <Head title={t('settings.security')} lead={t('security.text')} />
      <Password />
      <Totp />
      <Sessions />
    </>
  )
}
