/** How far two places are from each other, and whether one is within an area. Pure. */

export interface Place {
  /** Degrees, north positive. */
  latitude: number
  /** Degrees, east positive. */
  longitude: number
}

/** Mean radius of the earth: IUGG's R1. The earth is no sphere, so a distance is right to half a percent. */
const earthKm = 6371.0088
const kmPerMile = 1.609344

const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** Along the great circle, by the haversine formula, which is exact for small distances too. */
export function distanceKm(a: Place, b: Place): number {
  const dLat = radians(b.latitude - a.latitude)
  const dLon = radians(b.longitude - a.longitude)
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(dLon / 2) ** 2
  return 2 * earthKm * Math.asin(Math.min(1, Math.sqrt(h)))
}

export type DistanceUnit = 'mi' | 'km'

export const distanceIn = (unit: DistanceUnit, a: Place, b: Place): number =>
  unit === 'mi' ? distanceKm(a, b) / kmPerMile : distanceKm(a, b)

/** The area a business serves: everything within `radius` of where it is. */
export interface ServiceArea {
  centre: Place
  radius: number
  unit: DistanceUnit
}

export const isWithin = (area: ServiceArea, place: Place): boolean => distanceIn(area.unit, area.centre, place) <= area.radius

export const isPlace = (latitude: unknown, longitude: unknown): boolean =>
  typeof latitude === 'number' && typeof longitude === 'number' && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
