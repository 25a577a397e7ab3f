/** Addresses of pages, as the server takes them (src/inbox/widget-origins.ts). Pure. */
const origin =
  /^(?:https:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?)$/i

export const isOrigin = (text: string): boolean => origin.test(text)

/** A desk's link with the place where the desktop fills in the conversation, before the `#`; the place itself stays as it is. */
export function withConversation(url: string, place: string): string {
  const [before = '', token = ''] = url.split('#')
  return `${before}?conversation=${place}#${token}`
}
