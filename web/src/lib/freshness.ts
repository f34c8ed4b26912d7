/** How old what one sees is. */

export type Freshness =
  | { kind: 'connecting' }
  | { kind: 'live'; lagMs: number }
  | { kind: 'delayed'; lagMs: number }
  | { kind: 'reconnecting' }

/** Fleet time itself runs seconds behind; beyond this, something is slow. */
export const LIVE_LAG_MS_MAX = 15_000

export function freshness(input: {
  connected: boolean
  everConnected: boolean
  /** Newest event time, ms; null before the first data. */
  asOfMs: number | null
  /** Now on the server's clock, ms. */
  serverNowMs: number
}): Freshness {
  if (!input.everConnected) return { kind: 'connecting' }
  if (!input.connected) return { kind: 'reconnecting' }
  if (input.asOfMs === null) return { kind: 'connecting' }
  const lagMs = Math.max(0, input.serverNowMs - input.asOfMs)
  return lagMs <= LIVE_LAG_MS_MAX ? { kind: 'live', lagMs } : { kind: 'delayed', lagMs }
}

export function freshnessLabel(state: Freshness): string {
  switch (state.kind) {
    case 'connecting':
      return 'Waiting for data'
    case 'live':
      return 'Live'
    case 'delayed':
      return `Delayed by ${shortDuration(state.lagMs / 1_000)}`
    case 'reconnecting':
      return 'Reconnecting'
    default:
      return state satisfies never
  }
}

/** 42 s, 3 min, 2 h 5 min, 3 d */
export function shortDuration(seconds: number): string {
  const total = Math.round(seconds)
  if (total < 60) return `${total} s`
  const minutes = Math.round(total / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} d`
}
