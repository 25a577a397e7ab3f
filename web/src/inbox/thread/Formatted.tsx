/** Text with formatting and links. Every piece is written as text. */
import { Fragment, type ReactNode } from 'react'
import { emojiOnly, type Token, tokenize } from '../../rules/formatting.ts'
import css from './formatted.module.css'

export function Formatted({ text, large = false }: { text: string; large?: boolean }) {
  const emoji = large ? emojiOnly(text) : 0
  return (
    <span className={css.text} dir="auto" data-emoji={emoji > 0 && emoji <= 3 ? emoji : undefined}>
      {pieces(tokenize(text))}
    </span>
  )
}

function pieces(tokens: Token[]): ReactNode {
  return tokens.map((token, at) => {
    // The order of the pieces is all they have: the same text gives the same pieces.
    const key = `${at}${token.kind}`
    if (token.kind === 'text') return <Fragment key={key}>{token.text}</Fragment>
    if (token.kind === 'mono')
      return (
        <code key={key} className={token.block ? css.block : css.code}>
          {token.text}
        </code>
      )
    if (token.kind === 'link') {
      const own = !token.href.startsWith('http')
      return (
        <a key={key} href={token.href} rel="noopener noreferrer nofollow" {...(own ? {} : { target: '_blank' })}>
          {token.text}
        </a>
      )
    }
    if (token.kind === 'bold') return <strong key={key}>{pieces(token.children)}</strong>
    if (token.kind === 'italic') return <em key={key}>{pieces(token.children)}</em>
    return <s key={key}>{pieces(token.children)}</s>
  })
}
