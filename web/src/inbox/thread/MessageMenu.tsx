import { ActionIcon, Menu } from '@mantine/core'
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs'
import IconCornerUpLeft from '@tabler/icons-react/dist/esm/icons/IconCornerUpLeft.mjs'
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs'
import IconHelpCircle from '@tabler/icons-react/dist/esm/icons/IconHelpCircle.mjs'
import IconLink from '@tabler/icons-react/dist/esm/icons/IconLink.mjs'
import type { Message } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'
import css from './bubble.module.css'
import { useThreadAsks } from './threadContext.ts'

const QUICK = ['👍', '❤️', '😂', '🙏']

export function MessageMenu({ message }: { message: Message }) {
  const { t } = useText()
  const { onReply, onWhy, conversation } = useThreadAsks()
  const { outbox } = useConsole()
  const said = message.type !== 'note'
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => toast({ text: t('app.copied') }))
  const react = (emoji: string) =>
    outbox.add({
      key: crypto.randomUUID(),
      conversationId: message.conversationId,
      body: { type: 'reaction', messageId: message.id, emoji },
      replyTo: null,
      preview: emoji,
      afterSeq: conversation.lastSeq,
    })
  return (
    <Menu position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <ActionIcon className={css.menu} variant="subtle" color="gray" size="sm" aria-label={t('message.menu')}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {onReply && said && message.direction === 'inbound' && (
          <div className={css.quick}>
            {QUICK.map((emoji) => (
              <Menu.Item
                key={emoji}
                className={css.quickItem}
                aria-label={`${t('message.react')} ${emoji}`}
                onClick={() => react(emoji)}
              >
                {emoji}
              </Menu.Item>
            ))}
          </div>
        )}
        {onReply && said && (
          <Menu.Item leftSection={<IconCornerUpLeft size={16} aria-hidden />} onClick={() => onReply(message)}>
            {t('message.reply')}
          </Menu.Item>
        )}
        {message.text && (
          <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => copy(message.text ?? '')}>
            {t('app.copy')}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconLink size={16} aria-hidden />}
          onClick={() => copy(`${location.origin}/inbox/${message.conversationId}?message=${message.id}`)}
        >
          {t('message.link')}
        </Menu.Item>
        {message.direction === 'outbound' && (
          <Menu.Item leftSection={<IconHelpCircle size={16} aria-hidden />} onClick={() => onWhy(message.id)}>
            {t('message.why')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
