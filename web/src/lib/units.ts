/** Numbers for people, in the person's units. The API speaks metres and km/h. */

export type Units = 'km' | 'mi'

const KM_PER_MILE = 1.609344

export const speedUnit = (units: Units): string => (units === 'km' ? 'km/h' : 'mph')

export const speedValue = (kmph: number, units: Units): number => (units === 'km' ? kmph : kmph / KM_PER_MILE)

export const formatSpeed = (kmph: number, units: Units): string =>
  `${Math.round(speedValue(kmph, units))} ${speedUnit(units)}`

export function formatDistance(metres: number, units: Units): string {
  const value = metres / 1_000 / (units === 'km' ? 1 : KM_PER_MILE)
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 })} ${units}`
}

/** 0.984 as 98.4 %; a dash where there is none. */
export const formatShare = (share: number | null | undefined): string =>
  share == null ? '–' : `${(100 * share).toFixed(1)} %`

export const formatCount = (count: number): string => count.toLocaleString()

/** 950, 1,240, 12.4 k, 1.2 M: short enough for a tile. */
export function formatShort(count: number): string {
  if (count < 10_000) return Math.round(count).toLocaleString()
  if (count < 999_500) return `${(count / 1_000).toFixed(count < 99_950 ? 1 : 0)} k`
  return `${(count / 1_000_000).toFixed(1)} M`
}

const COMPASS = ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'] as const

export const compass = (heading: number): string => COMPASS[Math.round((((heading % 360) + 360) % 360) / 45) % 8] ?? 'N'
