/** The System page's numbers: samples of the counters to rates and series. Pure. */

/** One look at the counters. */
export type Sample = { seconds: number; received: number; stored: number; lagRecords: number; lagEventS: number }

/** Ten minutes at one sample in two seconds. */
export const SAMPLES_MAX = 300

/** Samples with a newer one; counters that went back (a restart) begin anew. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && (sample.received < last.received || sample.seconds <= last.seconds)) return [sample]
  return [...samples, sample].slice(-SAMPLES_MAX)
}

export type Series = { seconds: number[]; received: number[]; stored: number[]; lagRecords: number[] }

/** Rates per second between neighbours; the first sample has none. */
export function toSeries(samples: readonly Sample[]): Series {
  const series: Series = { seconds: [], received: [], stored: [], lagRecords: [] }
  for (let at = 1; at < samples.length; at += 1) {
    const before = samples[at - 1]
    const now = samples[at]
    if (before === undefined || now === undefined) continue
    const elapsed = now.seconds - before.seconds
    series.seconds.push(now.seconds)
    series.received.push((now.received - before.received) / elapsed)
    series.stored.push(Math.max(0, now.stored - before.stored) / elapsed)
    series.lagRecords.push(now.lagRecords)
  }
  return series
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 512 B, 1.5 KiB, 12 MiB */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit] ?? 'B'}`
}

/** 0.5 ms, 25 ms, 1.5 s; a dash when unknown. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–'
  if (seconds < 1) return `${Number((seconds * 1_000).toPrecision(3))} ms`
  return `${Number(seconds.toPrecision(3))} s`
}
