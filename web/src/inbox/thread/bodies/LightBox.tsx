import { ActionIcon, Modal } from '@mantine/core'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import type { Media } from '../../../../../client/index.ts'
import { useConsole } from '../../../app/context.ts'
import { useText } from '../../../app/text.tsx'
import css from './bodies.module.css'

export function LightBox({ media, alt, onClose }: { media: Media; alt: string; onClose: () => void }) {
  const { t } = useText()
  const { api } = useConsole()
  const download = (
    <ActionIcon
      component="a"
      href={api.media.contentUrl(media.id, { download: true })}
      download
      variant="subtle"
      color="gray"
      aria-label={t('media.download')}
    >
      <IconDownload size={18} aria-hidden />
    </ActionIcon>
  )
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen
      closeButtonProps={{ 'aria-label': t('app.close') }}
      classNames={{ content: css.lightBox, body: css.lightBody, title: css.lightTitle }}
      title={
        <>
          <span dir="auto">{media.fileName ?? alt}</span>
          {download}
        </>
      }
    >
      <img src={media.url ?? ''} alt={alt} />
    </Modal>
  )
}
