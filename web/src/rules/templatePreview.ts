/** A template with its places filled in, as the customer will read it. Pure. */
import type { Template, TemplateParameters } from '../../../client/index.ts'

export type Place = Template['places'][number]
/** By placeKey. For headerMedia the media's id. */
export type PlaceValues = Record<string, string>
export type Piece = { text: string; place: null } | { text: string; place: string; filled: boolean }

export const placeKey = (place: { slot: Place['slot']; name: string }) => `${place.slot}:${place.name}`

/** Text and places in turn; a place without a value shows its name. */
export function fill(text: string, slot: Place['slot'], values: PlaceValues): Piece[] {
  const out: Piece[] = []
  let from = 0
  for (const found of text.matchAll(/\{\{\s*([\w.]+)\s*\}\}/g)) {
    if (found.index > from) out.push({ text: text.slice(from, found.index), place: null })
    const key = placeKey({ slot, name: found[1] ?? '' })
    const value = values[key]?.trim()
    out.push({ text: value || found[0], place: key, filled: Boolean(value) })
    from = found.index + found[0].length
  }
  if (from < text.length) out.push({ text: text.slice(from), place: null })
  return out
}

export const missing = (template: Template, values: PlaceValues): Place[] =>
  template.places.filter((place) => !values[placeKey(place)]?.trim())

/** What the API takes. Only places of the template are sent, so a leftover value of another template cannot slip in. */
export function parametersOf(template: Template, values: PlaceValues): TemplateParameters {
  const bySlot = (slot: Place['slot']) =>
    Object.fromEntries(
      template.places
        .filter((place) => place.slot === slot)
        .map((place) => [place.name, values[placeKey(place)]?.trim() ?? ''] as const)
        .filter(([, value]) => value !== ''),
    )
  const header = bySlot('header')
  const headerMediaId = Object.values(bySlot('headerMedia'))[0]
  return {
    body: bySlot('body'),
    buttons: bySlot('button'),
    ...(Object.keys(header).length > 0 ? { headerText: header } : {}),
    ...(headerMediaId ? { headerMediaId } : {}),
  }
}

/** The whole text of a filled template, for the bubble that shows while the server has not answered. */
export const textOf = (template: Template, values: PlaceValues): string =>
  fill(template.body, 'body', values)
    .map((piece) => piece.text)
    .join('')

export function searchTemplates(templates: Template[], asked: string): Template[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean)
  const hay = (one: Template) =>
    `${one.name.replaceAll('_', ' ')} ${one.name} ${one.body} ${one.language} ${one.category}`.toLowerCase()
  return templates.filter((one) => words.every((word) => hay(one).includes(word)))
}

export const canBeSent = (template: Template) => template.status.toLowerCase() === 'approved'
