/** Puts labels on a conversation and takes them off: with the pointer, or by L, the arrows and Enter. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import IconTag from '@tabler/icons-react/dist/esm/icons/IconTag.mjs'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Conversation } from '../../../client/index.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useKeys } from '../app/keyboard.ts'
import { useText } from '../app/text.tsx'
import { Chip } from './Chips.tsx'
import css from './labels.module.css'
import { useLabelling, useLabels } from './useLabels.ts'

export function LabelMenu({ conversation }: { conversation: Conversation }) {
  const { t } = useText()
  const { session } = useConsole()
  const labels = useLabels()
  const toggle = useLabelling()
  const [opened, setOpened] = useState(false)
  useKeys({ l: () => setOpened(true) })
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={240} shadow="md" closeOnItemClick={false}>
      <Menu.Target>
        <Tooltip label={`${t('labels.title')} · L`}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('labels.title')}>
            <IconTag size={19} stroke={1.7} className={css.flip} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown className={css.menu}>
        <Menu.Label>{t('labels.title')}</Menu.Label>
        {labels.map((one) => (
          <Menu.CheckboxItem
            key={one.id}
            checked={conversation.labelIds.includes(one.id)}
            onChange={() => void toggle(conversation, one.id)}
          >
            <Chip label={one} />
          </Menu.CheckboxItem>
        ))}
        {labels.length === 0 && <p className={css.none}>{t('labels.none')}</p>}
        {mayManage(session) && (
          <>
            <Menu.Divider />
            <Menu.Item component={Link} to="/settings/labels">
              {t('labels.manage')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
