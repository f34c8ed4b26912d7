import { expect, test } from 'vitest'
import { fromLocalField, spanOf, toLocalField } from './period'

const NOON = Date.parse('2026-03-08T12:00:00Z')

test('the last hours and days begin so long before now and have no end', () => {
  expect(spanOf('1h', '', '', NOON)).toEqual({ since_ms: NOON - 3_600_000 })
  expect(spanOf('7d', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', NOON)).toEqual({ since_ms: NOON - 604_800_000 })
})

test('between two moments either may be missing, and what cannot be read filters nothing', () => {
  const [from, until] = ['2026-03-08T09:00:00Z', '2026-03-08T10:00:00Z']
  expect(spanOf('between', from, until, NOON)).toEqual({ since_ms: NOON - 10_800_000, until_ms: NOON - 7_200_000 })
  expect(spanOf('between', from, '', NOON)).toEqual({ since_ms: NOON - 10_800_000 })
  expect(spanOf('between', 'yesterday', until, NOON)).toEqual({ until_ms: NOON - 7_200_000 })
  expect(spanOf('', from, until, NOON)).toEqual({})
  expect(spanOf('a year', from, until, NOON)).toEqual({})
})

test('an instant goes to a field of local time and back, to the minute', () => {
  const instant = '2026-03-08T09:07:00.000Z'
  expect(fromLocalField(toLocalField(instant))).toBe(instant)
  expect(toLocalField('')).toBe('')
  expect(fromLocalField('')).toBe('')
})
