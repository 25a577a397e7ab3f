import { expect, test } from 'vitest'
import { distanceIn, distanceKm, isPlace, isWithin, type Place } from './distance.ts'

const springfield: Place = { latitude: 39.7817, longitude: -89.6501 }
/** Degrees of latitude that make so many miles on this sphere. */
const north = (miles: number): Place => ({
  latitude: springfield.latitude + ((miles * 1.609344) / 6371.0088) * (180 / Math.PI),
  longitude: springfield.longitude,
})

test('a place at 24.9 miles is within 25, one at 25.1 is not', () => {
  const area = { centre: springfield, radius: 25, unit: 'mi' as const }
  expect(distanceIn('mi', springfield, north(24.9))).toBeCloseTo(24.9, 6)
  expect([isWithin(area, north(24.9)), isWithin(area, north(25)), isWithin(area, north(25.1))]).toEqual([true, true, false])
})

test('25 kilometres are less than 25 miles', () => {
  const area = { centre: springfield, radius: 25, unit: 'km' as const }
  expect([isWithin(area, north(15)), isWithin(area, north(16)), isWithin(area, north(24.9))]).toEqual([true, false, false])
})

test.each([
  ['Berlin', 52.52, 13.405, 'Paris', 48.8566, 2.3522, 878],
  ['Lisbon', 38.7223, -9.1393, 'New York', 40.7128, -74.006, 5422],
  ['Suva', -18.1248, 178.4501, 'Apia, over the date line', -13.8507, -171.7514, 1148],
  ['the south pole', -90, 0, 'the north pole', 90, 0, 20015],
])('%s to %s', (_a, lat1, lon1, _b, lat2, lon2, km) => {
  const [a, b] = [
    { latitude: lat1, longitude: lon1 },
    { latitude: lat2, longitude: lon2 },
  ]
  expect(distanceKm(a, b)).toBeGreaterThan(km * 0.99)
  expect(distanceKm(a, b)).toBeLessThan(km * 1.01)
  expect(distanceKm(b, a)).toBeCloseTo(distanceKm(a, b), 9)
  expect(distanceKm(a, a)).toBe(0)
})

test('what is no place on earth is none', () => {
  expect(isPlace(39.7, -89.6)).toBe(true)
  for (const [lat, lon] of [
    [91, 0],
    [0, 181],
    ['39', 0],
    [null, null],
    [Number.NaN, 0],
  ])
    expect(isPlace(lat, lon)).toBe(false)
})
