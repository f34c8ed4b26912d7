import { describe, expect, test } from 'vitest'
import type { Alert } from '../api/client'
import { FEED_MAX, mergeAlerts } from './alerts'
import { Fleet, fleetBounds, type VehicleNews } from './fleet'
import { freshness, freshnessLabel, shortDuration } from './freshness'
import { graticule, graticuleStep } from './graticule'
import { latOf, lonOf, mercatorX, mercatorY } from './mercator'
import { CELL, SPRITE_FLOATS, buildSprites, clusterText, pick } from './sprites'
import { relativeTime, words } from './time'
import { compass, formatDistance, formatShare, formatShort, formatSpeed } from './units'

const NOON = 1_768_478_400_000

function news(session: string, names: [number, string][], vehicles: VehicleNews['vehicles']): VehicleNews {
  return { session, as_of: NOON, server_time: NOON, names, vehicles }
}

describe('fleet', () => {
  test('a snapshot and a delta give the newest of each vehicle', () => {
    const fleet = new Fleet()
    fleet.apply(news('s', [[0, 'a'], [1, 'b']], [[0, -450, 12_971_600, 77_594_600, 523, 90, 0]]), true) // prettier-ignore
    fleet.apply(news('s', [], [[0, 50, 12_972_000, 77_594_600, 0, -1, 1]]), false)
    expect(fleet.vehicle(0)).toEqual({
      id: 'a',
      index: 0,
      atMs: NOON + 50,
      lat: 12.972,
      lon: 77.5946,
      speedKmph: 0,
      heading: null,
      state: 'idling',
      isPrivate: false,
    })
    expect(fleet.vehicle(1)).toBeUndefined()
  })

  test('a vehicle in private mode is known and is nowhere', () => {
    const fleet = new Fleet()
    fleet.apply(news('s', [[0, 'a'], [1, 'b']], [[0, 0, 12_971_600, 77_594_600, 523, 90, 0], [1, 0, 13e6, 77e6, 0, -1, 2]]), true) // prettier-ignore
    fleet.apply(news('s', [], [[0, 50, 0, 0, 480, -1, 8]]), false)
    expect(fleet.vehicle(0)).toMatchObject({ id: 'a', speedKmph: 48, state: 'driving', isPrivate: true })
    expect(Object.keys(fleet.positions())).toEqual(['b'])
    expect(fleetBounds(fleet)).toMatchObject({ south: 13, north: 13 })
    expect(buildSprites(fleet, { zoom: 4, west: 0, east: 1, north: 0, south: 1 }, 0).count).toBe(1)
    expect(fleet.search('a', 5)).toEqual(['a'])
    fleet.apply(news('s', [], [[0, 90, 12_980_000, 77_594_600, 480, 90, 0]]), false)
    expect(fleet.vehicle(0)).toMatchObject({ lat: 12.98, isPrivate: false })
  })

  test('a restarted server renumbers: its snapshot replaces, its early deltas do nothing', () => {
    const fleet = new Fleet()
    fleet.apply(news('one', [[0, 'a']], [[0, 0, 1, 1, 0, 0, 0]]), true)
    fleet.apply(news('two', [[0, 'z']], [[0, 0, 2, 2, 0, 0, 0]]), false)
    expect(fleet.vehicle(0)?.id).toBe('a')
    fleet.apply(news('two', [[0, 'z']], [[0, 0, 2, 2, 0, 0, 0]]), true)
    expect(fleet.indexOf('a')).toBeUndefined()
    expect(Object.keys(fleet.positions())).toEqual(['z'])
  })

  test('a search finds the exact id first, then beginnings', () => {
    const fleet = new Fleet()
    const ids = ['x_veh_1', 'veh_10', 'veh_1', 'veh_2']
    fleet.apply(news('s', ids.map((id, index) => [index, id]), []), true) // prettier-ignore
    expect(fleet.search(' VEH_1 ', 10)).toEqual(['veh_1', 'veh_10', 'x_veh_1'])
    expect(fleet.search('', 10)).toEqual([])
  })

  test('a stray vehicle does not stretch the first view', () => {
    const fleet = new Fleet()
    const names = Array.from({ length: 200 }, (_, index): [number, string] => [index, `v${index}`])
    fleet.apply(news('s', names, names.map(([index]) => [index, 0, index === 7 ? 60e6 : 12e6, 77e6 + index, 0, 0, 0])), true) // prettier-ignore
    expect(fleetBounds(fleet)).toMatchObject({ south: 12, north: 12 })
  })
})

describe('sprites', () => {
  const crowd = new Fleet()
  const names = Array.from({ length: 50 }, (_, index): [number, string] => [index, `v${index}`])
  // 49 in one town, one far away.
  crowd.apply(news('s', names, names.map(([index]) => [index, 0, index === 49 ? 48e6 : 12.97e6 + index * 40, index === 49 ? 11e6 : 77.59e6, 400, 90, 0])), true) // prettier-ignore
  const view = { zoom: 4, west: 0, east: 1, north: 0, south: 1 }

  test('far away a town is one cluster with its count, near it is its vehicles', () => {
    const far = buildSprites(crowd, view, undefined)
    expect(far.clusters.map((item) => item.count)).toEqual([49])
    // The lone vehicle, the bubble, and two digits.
    expect(far.count).toBe(4)
    const near = buildSprites(crowd, { ...view, zoom: 12 }, 3, far)
    expect(near.count).toBe(51)
    expect(near.data[50 * SPRITE_FLOATS - 1]).toBe(CELL.halo)
  })

  test('what is drawn can be picked', () => {
    const far = buildSprites(crowd, view, undefined)
    expect(pick(crowd, far, 4, mercatorX(77.59), mercatorY(12.97), 12)).toMatchObject({ kind: 'cluster' })
    expect(pick(crowd, far, 4, mercatorX(11), mercatorY(48), 12)).toEqual({ kind: 'vehicle', index: 49 })
    expect(pick(crowd, far, 4, mercatorX(-60), mercatorY(0), 12)).toBeUndefined()
  })

  test('a crowd on the edge of cells is one bubble', () => {
    const town = new Fleet()
    const cell = 60 / 512 / 2 ** 4 // of zoom 4, in mercator
    const edge = (cell * 100 - 0.5) * 360
    const ids = Array.from({ length: 40 }, (_, index): [number, string] => [index, `v${index}`])
    town.apply(news('s', ids, ids.map(([index]) => [index, 0, 13e6, Math.round((edge + (index - 20) * 0.01) * 1e6), 0, 0, 2])), true) // prettier-ignore
    expect(buildSprites(town, view, undefined).clusters.map((item) => item.count)).toEqual([40])
  })

  test('coarse and fine parts add up to a centimetre', () => {
    const { data } = buildSprites(crowd, { ...view, zoom: 15 }, undefined)
    const x = (data[0] ?? 0) + (data[2] ?? 0)
    expect(Math.abs(x - mercatorX(77.59)) * 40_075_017).toBeLessThan(0.01)
  })

  test.each([[950, '950'], [1_000, '1k'], [1_240, '1.2k'], [12_400, '12k']])('%i is written %s', (count, text) => {
    expect(clusterText(count)).toBe(text)
  }) // prettier-ignore
})

describe('freshness', () => {
  const state = { connected: true, everConnected: true, asOfMs: NOON, serverNowMs: NOON }
  test.each([
    [state, 'Live'],
    [{ ...state, serverNowMs: NOON + 42_000 }, 'Delayed by 42 s'],
    [{ ...state, connected: false }, 'Reconnecting'],
    [{ ...state, asOfMs: null }, 'Waiting for data'],
    [{ ...state, everConnected: false }, 'Waiting for data'],
    [{ ...state, serverNowMs: NOON - 5_000 }, 'Live'],
  ])('%j is %s', (input, label) => {
    expect(freshnessLabel(freshness(input))).toBe(label)
  })
  test.each([[59, '59 s'], [60, '1 min'], [7_500, '2 h 5 min'], [7_200, '2 h'], [300_000, '3 d']])('%i s is %s', (s, text) => {
    expect(shortDuration(s)).toBe(text)
  }) // prettier-ignore
})

describe('feed', () => {
  const alert = (id: string, severity = 1) => ({ alert_id: id, severity }) as Alert
  test('news come on top, changes stay in place, the feed is bounded', () => {
    const feed = mergeAlerts([], [alert('a'), alert('b')], true)
    expect(feed.map((entry) => entry.alert_id)).toEqual(['b', 'a'])
    const changed = mergeAlerts(feed, [alert('a', 5), alert('c')], false)
    expect(changed.map((entry) => [entry.alert_id, entry.severity])).toEqual([['c', 1], ['b', 1], ['a', 5]]) // prettier-ignore
    const many = Array.from({ length: 300 }, (_, index) => alert(`n${index}`))
    expect(mergeAlerts(changed, many, false)).toHaveLength(FEED_MAX)
  })
})

describe('for people', () => {
  test('units', () => {
    expect(formatSpeed(100, 'km')).toBe('100 km/h')
    expect(formatSpeed(100, 'mi')).toBe('62 mph')
    expect(formatDistance(1_609.344, 'mi')).toBe('1 mi')
    expect([formatShare(0.66443), formatShare(1), formatShare(0), formatShare(null)]).toEqual([
      '66.4 %',
      '100.0 %',
      '0.0 %',
      '–',
    ])
    expect(formatShort(48_230)).toBe('48.2 k')
    expect([0, 44, 181, 359].map(compass)).toEqual(['N', 'NE', 'S', 'N'])
  })
  test('times and words', () => {
    expect(relativeTime(NOON - 1_000, NOON)).toBe('now')
    expect(relativeTime(NOON - 180_000, NOON)).toBe('3 min ago')
    expect(words('harsh_brake')).toBe('Harsh brake')
    expect(words('sos')).toBe('SOS')
  })
})

describe('map arithmetic', () => {
  test('mercator reads back', () => {
    expect(latOf(mercatorY(12.9716))).toBeCloseTo(12.9716, 9)
    expect(lonOf(mercatorX(-77.5946))).toBeCloseTo(-77.5946, 9)
  })
  test('a graticule has about ten lines across the view', () => {
    expect(graticuleStep(360)).toBe(30)
    const lines = graticule({ west: 77.5, south: 12.9, east: 77.6, north: 13 }).features
    expect(lines.length).toBeGreaterThan(15)
    expect(lines.length).toBeLessThan(40)
  })
})
