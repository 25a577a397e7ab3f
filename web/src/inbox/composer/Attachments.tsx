import { CloseButton } from '@mantine/core'
import IconFileText from '@tabler/icons-react/dist/esm/icons/IconFileText.mjs'
import { useText } from '../../app/text.tsx'
import css from './composer.module.css'
import type { Attachment } from './useAttachments.ts'

export function Attachments({ all, onRemove }: { all: Attachment[]; onRemove: (id: string) => void }) {
  const { t } = useText()
  if (all.length === 0) return null
  return (
    <ul className={css.files}>
      {all.map((one) => (
        <li key={one.id} className={css.file} data-problem={one.problem ? true : undefined}>
          {one.preview ? <img src={one.preview} alt="" /> : <IconFileText size={24} stroke={1.5} aria-hidden />}
          <span className={css.fileWords}>
            <bdi>{one.name}</bdi>
            {one.problem ? (
              <small role="alert">{one.problem}</small>
            ) : (
              !one.media && (
                <progress
                  max={1}
                  value={one.progress}
                  aria-label={t('composer.uploading', { name: one.name, n: Math.round(one.progress * 100) })}
                />
              )
            )}
          </span>
          <CloseButton size="sm" aria-label={t('composer.remove', { name: one.name })} onClick={() => onRemove(one.id)} />
        </li>
      ))}
    </ul>
  )
}
