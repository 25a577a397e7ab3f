import { element } from './common.js'

// Builds the thread out of elements; nothing a customer sends is ever parsed as HTML.

export const nameOf = ({ nickname, firstName, lastName, id }) =>
  nickname || [firstName, lastName].filter(Boolean).join(' ') || id
export const initialOf = (customer) => [...nameOf(customer)][0]?.toUpperCase() ?? '?'

// A customer's file is shown from the copy that was made; from its own address the page may load nothing.
const sourceOf = (attachment) => {
  const id = attachment.copy ?? (/\/downloads\/[\w-]+$/.test(attachment.url ?? '') ? attachment.url.split('/').pop() : '')
  return id ? `downloads/${encodeURIComponent(id)}` : undefined
}

const link = (address, label) =>
  /^https?:\/\//.test(address ?? '') || address?.startsWith('downloads/')
    ? element('a', { href: address, target: '_blank', rel: 'noreferrer' }, [label])
    : element('span', {}, [label])

const shown = {
  Image: (src, name) => element('img', { src, alt: name }),
  Video: (src, name) => element('video', { src, controls: '', 'aria-label': name }),
  Audio: (src, name) => element('audio', { src, controls: '', 'aria-label': name }),
}

function attachmentOf({ attachment }) {
  const source = sourceOf(attachment)
  const name = attachment.filename || attachment.mediaType || 'File'
  const show = source && Object.hasOwn(shown, attachment.mediaType) ? shown[attachment.mediaType] : undefined
  const node = show ? show(source, name) : link(source ?? attachment.url, `📄 ${name}`)
  return [node, ...(attachment.text ? [element('div', {}, [attachment.text])] : [])]
}

const chips = (labels) =>
  element(
    'ul',
    { class: 'chips', 'aria-label': 'To choose from' },
    labels.map((label) => element('li', { class: 'chip' }, [label])),
  )

const cardOf = (card) =>
  element('div', { class: 'card' }, [
    ...(card.title ? [element('strong', {}, [card.title])] : []),
    ...(card.description ? [element('span', {}, [card.description])] : []),
    chips((card.actions ?? []).map(({ text }) => text ?? '')),
  ])

/** How each content type looks; the rest is shown by name. Quick replies are gathered by `bodyOf`. */
const contents = {
  Attachment: attachmentOf,
  QuickReply: () => [],
  Card: ({ card }) => [cardOf(card)],
  Carousel: ({ carousel }) => carousel.cards.map(cardOf),
}

function contentOf(item) {
  try {
    return Object.hasOwn(contents, item.contentType) ? contents[item.contentType](item) : [`[${item.contentType}]`]
  } catch {
    // A payload a test made up need not have the usual shape.
    return [`[${item.contentType}]`]
  }
}

/** The content of a bubble. */
export function bodyOf({ text, content, buttonResponse }) {
  const replies = content
    .filter(({ contentType }) => contentType === 'QuickReply')
    .map(({ quickReply }) => quickReply?.text ?? '')
  const chosen = buttonResponse ? [element('span', { class: 'chip' }, [`chose: ${buttonResponse.text}`])] : []
  return [
    ...(buttonResponse ? chosen : text ? [element('div', {}, [text])] : []),
    ...content.flatMap(contentOf),
    ...(replies.length ? [chips(replies)] : []),
  ]
}

/** What is known of an agent's message, or of a customer's file: words and how good they are. */
export function statusOf(message) {
  const last = message.receipts.at(-1)
  if (last?.status === 'Failed')
    return [`failed: ${last.reasons[0]?.code ?? ''} ${last.reasons[0]?.message ?? ''}`.trim(), 'failed']
  if (message.direction === 'inbound') {
    const { fetched } = message
    if (fetched && fetched.status !== 200) return [`file not fetched: ${fetched.status}`, 'failed']
    return ['', '']
  }
  if (last) return [last.final ? '✓✓ delivered' : '✓✓ delivered, more to come', 'good']
  if (message.delivery?.acknowledgedAt) return ['✓ taken by the relay', '']
  return message.delivery ? [`on its way, ${message.delivery.tries} tried`, ''] : ['', '']
}
