/** Instants for people, in their time zone. */
import { shortDuration } from './freshness'

/** "now", "12 s ago", "3 min ago"; older than a day: date and time. */
export function relativeTime(thenMs: number, nowMs: number): string {
  const seconds = (nowMs - thenMs) / 1_000
  if (seconds < 2) return 'now'
  if (seconds < 86_400) return `${shortDuration(seconds)} ago`
  return localTime(thenMs)
}

export const localTime = (ms: number, timeZone?: string): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(ms)

/** `alert_type` and `status` words as a person reads them: harsh_brake -> Harsh brake */
export function words(word: string): string {
  const text = word.replaceAll('_', ' ')
  return text === 'sos' ? 'SOS' : text.charAt(0).toUpperCase() + text.slice(1)
}
