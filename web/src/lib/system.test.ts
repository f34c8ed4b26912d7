import { expect, test } from 'vitest'
import { formatBytes, formatSeconds, SAMPLES_MAX, toSeries, withSample, type Sample } from './system'

const sample = (seconds: number, received: number): Sample => ({
  seconds,
  received,
  stored: received / 2,
  lagRecords: 7,
  lagEventS: 0,
})

test('rates are per second between neighbours', () => {
  const series = toSeries([sample(10, 100), sample(12, 300), sample(13, 300)])
  expect(series).toEqual({ seconds: [12, 13], received: [100, 0], stored: [50, 0], lagRecords: [7, 7] })
  expect(toSeries([sample(1, 1)]).seconds).toEqual([])
})

test('a restart begins anew, and the oldest samples go', () => {
  expect(withSample([sample(1, 50)], sample(3, 10))).toEqual([sample(3, 10)])
  let samples: Sample[] = []
  for (let at = 0; at < SAMPLES_MAX + 5; at += 1) samples = withSample(samples, sample(at, at))
  expect(samples.length).toBe(SAMPLES_MAX)
  expect(samples[0]?.seconds).toBe(5)
})

test('bytes and seconds for people', () => {
  expect([0, 1_023, 1_536, 12_582_912, 5e12].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '12.0 MiB',
    '4.5 TiB',
  ])
  expect([null, 0.0005, 0.025, 1, 2.5].map(formatSeconds)).toEqual(['–', '0.5 ms', '25 ms', '1 s', '2.5 s'])
})
