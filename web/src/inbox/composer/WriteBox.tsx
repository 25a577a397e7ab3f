/** The box itself: text that grows, files, emoji, and sending. */
import { ActionIcon, CloseButton, FileButton, Tooltip } from '@mantine/core'
import IconPaperclip from '@tabler/icons-react/dist/esm/icons/IconPaperclip.mjs'
import IconSend2 from '@tabler/icons-react/dist/esm/icons/IconSend2.mjs'
import IconTemplate from '@tabler/icons-react/dist/esm/icons/IconTemplate.mjs'
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Account, Conversation } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { plain } from '../../rules/formatting.ts'
import { nameOf } from '../person.ts'
import { typeName } from '../thread/typeName.ts'
import { Attachments } from './Attachments.tsx'
import css from './composer.module.css'
import { EmojiPicker } from './EmojiPicker.tsx'
import { Pieces } from './Pieces.tsx'
import { useAttachments } from './useAttachments.ts'
import type { Draft } from './useDraft.ts'
import { useSend } from './useSend.ts'
import { useTyping } from './useTyping.ts'

interface Props {
  conversation: Conversation
  account: Account | undefined
  draft: Draft
  lastSeq: number
  onTemplate: (() => void) | null
}

const LONGEST_TEXT = 4096

export function WriteBox({ conversation, account, draft, lastSeq, onTemplate }: Props) {
  const { t } = useText()
  const { session } = useConsole()
  const box = useRef<HTMLTextAreaElement>(null)
  const files = useAttachments(account)
  const [over, setOver] = useState(false)
  const { content } = draft
  const { note, text } = content
  const name = nameOf(conversation.contact, t)
  const longest = note ? 10_000 : Math.min(LONGEST_TEXT, account?.capabilities.maxText ?? LONGEST_TEXT)
  const excess = Math.max(0, [...text.trim()].length - longest)
  const ready = (text.trim() !== '' || (!note && files.all.length > 0)) && excess === 0 && !(files.busy && !note)
  const typing = useTyping(conversation.id, !note && (account?.capabilities.typing ?? false))
  const send = useSend({ conversation, draft, files, lastSeq })
  useGrowth(box, text)
  useFocus(box, draft.asked)

  const go = () => {
    if (!ready) return
    send()
    box.current?.focus()
  }
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      go()
    } else if (event.key === 'Escape') event.currentTarget.blur()
  }
  const paste = (event: ClipboardEvent) => {
    if (note || event.clipboardData.files.length === 0) return
    event.preventDefault()
    files.add(event.clipboardData.files)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (!note) files.add(event.dataTransfer.files)
  }
  const insert = (emoji: string) => {
    const at = box.current?.selectionStart ?? text.length
    draft.change({ text: text.slice(0, at) + emoji + text.slice(box.current?.selectionEnd ?? at) })
    requestAnimationFrame(() => {
      box.current?.focus()
      box.current?.setSelectionRange(at + emoji.length, at + emoji.length)
    })
  }
  return (
    <form
      className={css.write}
      onSubmit={(event) => {
        event.preventDefault()
        go()
      }}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(!note)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {over && <div className={css.over}>{t('composer.drop')}</div>}
      {content.replyTo && !note && (
        <div className={css.chip}>
          <span>
            {t('composer.replying', { name: content.replyTo.direction === 'inbound' ? name : session.user.name })}
            <small dir="auto">{content.replyTo.text ? plain(content.replyTo.text) : typeName(content.replyTo.type, t)}</small>
          </span>
          <CloseButton size="sm" aria-label={t('composer.dropReply')} onClick={() => draft.change({ replyTo: null })} />
        </div>
      )}
      {!note && <Attachments all={files.all} onRemove={files.remove} />}
      <textarea
        ref={box}
        className={css.text}
        rows={1}
        dir="auto"
        data-testid="composer-input"
        aria-label={note ? t('composer.note') : t('composer.label', { name })}
        placeholder={note ? t('composer.note') : t('composer.placeholder')}
        title={t('composer.hint')}
        value={text}
        onChange={(event) => {
          draft.change({ text: event.currentTarget.value })
          if (event.currentTarget.value.trim()) typing()
        }}
        onKeyDown={press}
        onPaste={paste}
      />
      <div className={css.bar}>
        {!note && (
          <FileButton multiple onChange={(chosen) => files.add(chosen)}>
            {(props) => (
              <Tooltip label={t('composer.attach')}>
                <ActionIcon {...props} variant="subtle" color="gray" size="lg" aria-label={t('composer.attach')}>
                  <IconPaperclip size={20} stroke={1.7} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
          </FileButton>
        )}
        <EmojiPicker onPick={insert} />
        {!note && onTemplate && (
          <Tooltip label={t('composer.template')}>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('composer.template')} onClick={onTemplate}>
              <IconTemplate size={20} stroke={1.7} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
        <span className={css.grow} />
        {!note && text.trim() !== '' && account?.capabilities.segments && <Pieces accountId={account.id} text={text} />}
        {excess > 0 && (
          <span className={css.excess} role="alert">
            {t('composer.tooLong', { n: excess })}
          </span>
        )}
        <button type="submit" className={css.send} data-testid="send-button" disabled={!ready}>
          {t(note ? 'composer.saveNote' : 'composer.send')}
          <IconSend2 size={16} aria-hidden />
        </button>
      </div>
    </form>
  )
}

/** As high as its text, up to a third of the window. */
function useGrowth(box: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = box.current
    if (!element || element.value !== text) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight, window.innerHeight / 3)}px`
  }, [text, box])
}

function useFocus(box: React.RefObject<HTMLTextAreaElement | null>, asked: number): void {
  useEffect(() => {
    if (asked === 0) return
    box.current?.focus()
  }, [asked, box])
}
