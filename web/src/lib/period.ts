/** A span of time that a list is filtered by: the last hours or days, or between two moments. */

export const PERIODS = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
  { value: 'between', label: 'Between …' },
] as const

const HOURS: Record<string, number> = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24 }

export type Span = { since_ms?: number; until_ms?: number }

/** `from` and `until` are instants (ISO 8601), of which either may be missing; they count for `between` alone. What cannot be read filters nothing. */
export function spanOf(period: string, from: string, until: string, nowMs: number): Span {
  const hours = HOURS[period]
  if (hours !== undefined) return { since_ms: nowMs - hours * 3_600_000 }
  if (period !== 'between') return {}
  const moment = (text: string) => {
    const ms = Date.parse(text)
    return Number.isFinite(ms) && ms >= 0 ? ms : undefined
  }
  const [since, end] = [moment(from), moment(until)]
  return { ...(since === undefined ? {} : { since_ms: since }), ...(end === undefined ? {} : { until_ms: end }) }
}

/** An instant as the value of a `datetime-local` field, in the person's time zone; '' if there is none. */
export function toLocalField(instant: string): string {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return ''
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The value of such a field as an instant; '' if it is empty. */
export function fromLocalField(value: string): string {
  const at = new Date(value)
  return value === '' || Number.isNaN(at.getTime()) ? '' : at.toISOString()
}
