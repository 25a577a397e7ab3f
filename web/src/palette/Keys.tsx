import { Kbd, Modal } from '@mantine/core'
import { useText } from '../app/text.tsx'
import type { TextKey } from '../text/t.ts'
import css from './palette.module.css'

const mod = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'
const keys: [string[], TextKey][] = [
  [['J'], 'keys.next'],
  [['K'], 'keys.previous'],
  [['Enter'], 'keys.open'],
  [['R'], 'keys.reply'],
  [['N'], 'keys.note'],
  [['E'], 'keys.close'],
  [['A'], 'keys.assign'],
  [['L'], 'keys.labels'],
  [['Esc'], 'keys.back'],
  [['/'], 'keys.search'],
  [['S'], 'keys.messages'],
  [[mod, 'K'], 'keys.palette'],
  [['?'], 'keys.help'],
  [['Enter'], 'keys.send'],
  [['Shift', 'Enter'], 'keys.break'],
]

export function Keys({ onClose }: { onClose: () => void }) {
  const { t } = useText()
  return (
    <Modal opened onClose={onClose} title={t('keys.title')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <dl className={css.keys}>
        {keys.map(([pressed, name]) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>
              {pressed.map((one) => (
                <Kbd key={one}>{one}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
