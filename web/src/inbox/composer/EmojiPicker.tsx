import { ActionIcon, Popover, TextInput } from '@mantine/core'
import IconMoodSmile from '@tabler/icons-react/dist/esm/icons/IconMoodSmile.mjs'
import { useState } from 'react'
import { useText } from '../../app/text.tsx'
import css from './composer.module.css'
import { findEmoji } from './emoji.ts'

export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  const [asked, setAsked] = useState('')
  const found = open ? findEmoji(asked) : []
  const pick = (one: string) => {
    setOpen(false)
    onPick(one)
  }
  return (
    <Popover opened={open} onChange={setOpen} position="top-start" width={312} trapFocus shadow="md">
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('composer.emoji')} onClick={() => setOpen(!open)}>
          <IconMoodSmile size={20} stroke={1.7} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        <TextInput
          size="xs"
          data-autofocus
          placeholder={t('composer.emojiSearch')}
          aria-label={t('composer.emojiSearch')}
          value={asked}
          onChange={(event) => setAsked(event.currentTarget.value)}
          onKeyDown={(event) => {
            const first = found[0]
            if (event.key === 'Enter' && first) pick(first[0])
          }}
        />
        <div className={css.emoji}>
          {found.map(([one, names]) => (
            <button key={one} type="button" title={names} aria-label={names} onClick={() => pick(one)}>
              {one}
            </button>
          ))}
          {found.length === 0 && <p>{t('composer.emojiNone')}</p>}
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
