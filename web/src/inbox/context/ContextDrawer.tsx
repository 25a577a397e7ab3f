import { Drawer } from '@mantine/core'
import type { ReactNode } from 'react'
import { useText } from '../../app/text.tsx'

export function ContextDrawer({ opened, onClose, children }: { opened: boolean; onClose: () => void; children: ReactNode }) {
  const { t } = useText()
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={340}
      padding={0}
      title={t('context.label')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
      styles={{ header: { paddingInline: 16 } }}
    >
      {children}
    </Drawer>
  )
}
