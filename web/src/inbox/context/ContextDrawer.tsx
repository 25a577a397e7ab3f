import { Drawer } from '@mantine/core'
import type { ReactNode } from 'react'
import { useStore } from '../../app/store.ts'
import { useText } from '../../app/text.tsx'
import { asked } from '../../bookings/asked.ts'

export function ContextDrawer({ opened, onClose, children }: { opened: boolean; onClose: () => void; children: ReactNode }) {
  const { t } = useText()
  const choosing = useStore(asked) !== null
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      // Else one press closed both.
      closeOnEscape={!choosing}
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
