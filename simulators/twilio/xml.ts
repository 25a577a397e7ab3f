/** An element of TwiML. `text` is what stands directly in it. */
export type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string }

const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const decode = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name = '') =>
    hex
      ? String.fromCodePoint(Number.parseInt(hex, 16))
      : decimal
        ? String.fromCodePoint(Number(decimal))
        : (entities[name] ?? whole),
  )

/** Reads a document with one root; null where it is not well-formed. */
export function parseXml(source: string): Element | null {
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  let at = 0
  while (at < source.length) {
    token.lastIndex = at
    const found = token.exec(source)
    if (!found) return null
    at = token.lastIndex
    const [, cdata, closing, name, given = '', selfClosing, text] = found
    const current = open.at(-1) as Element
    if (cdata !== undefined) current.text += cdata
    else if (text !== undefined) {
      if (current === root && text.trim() !== '') return null
      current.text += decode(text)
    } else if (closing) {
      if (open.length === 1 || current.name !== name) return null
      open.pop()
    } else if (name !== undefined) {
      const attributes = [...given.matchAll(attribute)].map(([, key, one, other]) => [key, decode(one ?? other ?? '')])
      const element: Element = { name, attributes: Object.fromEntries(attributes), children: [], text: '' }
      current.children.push(element)
      if (!selfClosing) open.push(element)
    }
  }
  return open.length === 1 && root.children.length === 1 ? (root.children[0] as Element) : null
}
