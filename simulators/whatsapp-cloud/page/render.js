import { element } from './common.js'

// Builds the chat out of elements; nothing a business sends is ever parsed as HTML.

const mediaSource = (media) => (media.id ? `control/media/${encodeURIComponent(media.id)}` : media.link)
const caption = (media) => (media.caption ? [element('div', {}, [media.caption])] : [])

function linkOrWords(media, label) {
  return media.id || /^https?:\/\//.test(media.link ?? '')
    ? element('a', { href: mediaSource(media), target: '_blank', rel: 'noreferrer' }, [label])
    : element('span', {}, [label])
}

const coordinates = (place) => `${place.latitude}, ${place.longitude}`

/** How each type of message looks; the rest is shown by name. */
const bodies = {
  text: ({ text }) => [text.body],
  image: ({ image }) => [element('img', { src: mediaSource(image), alt: image.caption || 'Image' }), ...caption(image)],
  sticker: ({ sticker }) => [element('img', { src: mediaSource(sticker), alt: 'Sticker' })],
  video: ({ video }) => [element('video', { src: mediaSource(video), controls: '', 'aria-label': 'Video' }), ...caption(video)],
  audio: ({ audio }) => [element('audio', { src: mediaSource(audio), controls: '', 'aria-label': 'Voice message' })],
  document: ({ document: file }) => [linkOrWords(file, `📄 ${file.filename || 'Document'}`), ...caption(file)],
  location: ({ location }) => [`📍 ${location.name || 'Location'}\n${location.address || coordinates(location)}`],
  contacts: ({ contacts }) => [
    contacts.map((card) => `👤 ${card.name?.formatted_name ?? ''} ${card.phones?.[0]?.phone ?? ''}`).join('\n'),
  ],
  button: ({ button }) => [button.text],
  template: ({ template }, message) => {
    const { header, body, footer } = message.rendered ?? {}
    return [[header, body ?? `Template ${template.name}`, footer].filter(Boolean).join('\n')]
  },
  interactive: ({ interactive }) => {
    const reply = interactive.button_reply ?? interactive.list_reply
    if (reply) return [reply.title]
    if (interactive.nfm_reply) return [interactive.nfm_reply.body || 'Form sent']
    const url = interactive.action?.parameters?.url
    const words = [interactive.header?.text, interactive.body?.text, interactive.footer?.text].filter(Boolean).join('\n')
    return [
      words,
      ...(url ? [element('div', {}, [linkOrWords({ link: url }, interactive.action.parameters.display_text)])] : []),
    ]
  },
}

/** The content of a bubble, or the type's name when it has no picture here. */
export function bodyOf(message) {
  if (message.revoked) return [element('em', {}, ['This message was deleted'])]
  try {
    return bodies[message.type]?.(message.content, message) ?? [`[${message.type}]`]
  } catch {
    // A payload a test made up need not have the usual shape.
    return [`[${message.type}]`]
  }
}

/** One line for quotes. */
export const summaryOf = (message) => {
  const words = bodyOf(message)
    .map((part) => (typeof part === 'string' ? part : part.textContent))
    .join(' ')
    .trim()
  return (words || `[${message.type}]`).slice(0, 80)
}

/** Ticks of the customer's own messages: taken by the provider, acknowledged by the business, marked read. */
export function ticksOf(message) {
  if (message.businessRead) return { sign: '✓✓', words: 'Read by the business', kind: 'read' }
  if (message.acknowledged) return { sign: '✓✓', words: 'Delivered to the business', kind: '' }
  return { sign: '✓', words: 'Sent, not yet taken by the business', kind: '' }
}

/** What the business will be told about its message. */
export function statusWords(message) {
  if (message.direction === 'echo') return 'from the app'
  return message.errorCode ? `${message.status} ${message.errorCode}` : (message.status ?? '')
}
