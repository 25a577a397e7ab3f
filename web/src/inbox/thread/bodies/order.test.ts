import { expect, test } from 'vitest'
import { sumsOf } from './order.ts'

const item = (quantity: number, price?: number, currency?: string) => ({ productId: 'p', quantity, price, currency })

test('an order is summed exactly, each currency for itself', () => {
  expect(sumsOf([item(3, 0.1, 'EUR'), item(1, 0.2, 'EUR'), item(2, 5, 'USD')])).toEqual([
    ['EUR', 0.5],
    ['USD', 10],
  ])
})
test('with a price missing there is no sum', () => {
  expect(sumsOf([item(1, 5, 'EUR'), item(1)])).toEqual([])
})
