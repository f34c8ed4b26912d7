/** The alert feed: newest first, one entry per alert, bounded. */
import type { Alert } from '../api/client'

export const FEED_MAX = 100

/** `news` come oldest first; a known alert is replaced where it stands. */
export function mergeAlerts(feed: Alert[], news: Alert[], reset: boolean): Alert[] {
  const merged = reset ? [] : [...feed]
  for (const alert of news) {
    const known = merged.findIndex((entry) => entry.alert_id === alert.alert_id)
    if (known >= 0) merged[known] = alert
    else merged.unshift(alert)
  }
  return merged.slice(0, FEED_MAX)
}

const SEVERITY = ['Info', 'Low', 'Medium', 'High', 'Critical'] as const

export const severityLabel = (severity: number): string => SEVERITY[Math.min(5, Math.max(1, severity)) - 1] ?? 'Info'
