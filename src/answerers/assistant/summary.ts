/** What the assistant has found out, for people and for the lead. Pure. */
import { distanceIn, type ServiceArea } from '../../kernel/distance.ts'
import type { Learned } from '../../ports/answerer.ts'
import type { Texts } from './texts-shape.ts'
import type { Understanding } from './understanding.ts'

/** In miles or kilometres, from where the business is; null where either place is not known. */
export const distanceOf = (known: Understanding, area: ServiceArea | null): number | null =>
  known.place && area ? distanceIn(area.unit, area.centre, known.place.value) : null

/** Undefined where nothing was found out yet. */
export function learnedFrom(known: Understanding, area: ServiceArea | null): Learned | undefined {
  const { problem, jobType, address, place, urgency, person } = known
  const found = { problem, jobType, address, place, urgency, person }
  const sources = Object.fromEntries(Object.entries(found).flatMap(([name, said]) => (said ? [[name, said.lines]] : [])))
  if (Object.keys(sources).length === 0) return undefined
  const distance = distanceOf(known, area)
  return {
    ...(problem ? { problem: problem.value } : {}),
    ...(jobType ? { jobType: jobType.value } : {}),
    ...(address ? { address: address.value } : {}),
    ...(place ? { place: place.value } : {}),
    ...(urgency ? { urgency: urgency.value } : {}),
    ...(distance === null || !area ? {} : { distance: Math.round(distance * 10) / 10, inArea: distance <= area.radius }),
    ...(known.danger ? { danger: known.danger } : {}),
    sources,
  }
}

/** A few lines for whoever takes over. */
export function noteFor(known: Understanding, area: ServiceArea | null, texts: Texts): string {
  const { labels } = texts
  const distance = distanceOf(known, area)
  const where =
    known.address?.value ?? (known.place ? `${known.place.value.latitude}, ${known.place.value.longitude}` : labels.unknown)
  const far = distance === null || !area ? '' : ` (${distance.toFixed(1)} ${area.unit})`
  return [
    `${labels.problem}: ${known.problem?.value ?? labels.unknown}`,
    `${labels.address}: ${where}${far}`,
    `${labels.urgency}: ${known.urgency ? labels[known.urgency.value] : labels.unknown}`,
    ...(known.person ? [labels.asksForPerson] : []),
  ].join('\n')
}
