import IconLock from '@tabler/icons-react/dist/esm/icons/IconLock.mjs'
import { useText } from '../../app/text.tsx'
import css from './composer.module.css'

export function ModeSwitch({ note, onChange }: { note: boolean; onChange: (note: boolean) => void }) {
  const { t } = useText()
  return (
    <fieldset className={css.modes}>
      <legend className="visually-hidden">{t('composer.mode')}</legend>
      <button type="button" aria-pressed={!note} onClick={() => onChange(false)}>
        {t('composer.reply')}
      </button>
      <button type="button" aria-pressed={note} data-note onClick={() => onChange(true)}>
        <IconLock size={12} aria-hidden /> {t('composer.noteTab')}
      </button>
    </fieldset>
  )
}
