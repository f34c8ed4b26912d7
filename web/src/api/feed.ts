/** The live stream: connects, reconnects, and hands typed events on. */
import type { Alert, FleetFigures } from './client'
import type { VehicleNews } from '../lib/fleet'

export type AlertNews = { as_of: number | null; server_time: number; reset: boolean; alerts: Alert[] }

export type FeedHandlers = {
  onState: (connected: boolean) => void
  onSnapshot: (news: VehicleNews) => void
  onDelta: (news: VehicleNews) => void
  onAlerts: (news: AlertNews) => void
  onFigures: (figures: FleetFigures) => void
}

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 15_000
/** The server sends key figures every second: a longer silence is a dead connection. */
const SILENCE_MS_MAX = 20_000
/** A hidden tab gives its connection back; browsers allow only six to a host. */
const HIDDEN_MS_MAX = 60_000

/** Opens the stream; the returned function closes it for good. */
export function openFeed(handlers: FeedHandlers): () => void {
  let source: EventSource | undefined
  let retryMs = RETRY_MS_MIN
  let retryTimer: number | undefined
  let silenceTimer: number | undefined
  let hiddenTimer: number | undefined

  const heard = () => {
    window.clearTimeout(silenceTimer)
    silenceTimer = window.setTimeout(reconnect, SILENCE_MS_MAX)
  }
  const close = () => {
    source?.close()
    source = undefined
    window.clearTimeout(retryTimer)
    window.clearTimeout(silenceTimer)
  }
  const reconnect = () => {
    close()
    handlers.onState(false)
    retryTimer = window.setTimeout(connect, retryMs)
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)
  }
  const connect = () => {
    close()
    const opened = new EventSource('/api/v1/stream')
    source = opened
    const on = (name: string, handle: (data: unknown) => void) =>
      opened.addEventListener(name, (event: MessageEvent<string>) => {
        heard()
        handle(JSON.parse(event.data))
      })
    on('snapshot', (news) => {
      retryMs = RETRY_MS_MIN
      handlers.onState(true)
      handlers.onSnapshot(news as VehicleNews)
    })
    on('delta', (news) => handlers.onDelta(news as VehicleNews))
    on('alerts', (news) => handlers.onAlerts(news as AlertNews))
    on('kpi', (news) => handlers.onFigures(news as FleetFigures))
    // The browser's own retry does not survive a refusal (503), so all retries are ours.
    opened.onerror = reconnect
    heard()
  }
  const onVisibility = () => {
    window.clearTimeout(hiddenTimer)
    if (document.hidden) hiddenTimer = window.setTimeout(close, HIDDEN_MS_MAX)
    else if (source === undefined) connect()
  }
  document.addEventListener('visibilitychange', onVisibility)
  connect()
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    window.clearTimeout(hiddenTimer)
    close()
  }
}
