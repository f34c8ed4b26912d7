/** The live state of the whole page: one stream, shared by all parts, kept while one moves between pages. */
import { createRoot, createSignal } from 'solid-js'
import type { Alert, FleetFigures } from './api/client'
import { openFeed } from './api/feed'
import { mergeAlerts } from './lib/alerts'
import { Fleet } from './lib/fleet'
import { freshness, type Freshness } from './lib/freshness'

export const live = createRoot(() => {
  const fleet = new Fleet()
  /** Counts changes of `fleet`, whose arrays are not reactive themselves. */
  const [revision, setRevision] = createSignal(0)
  const [figures, setFigures] = createSignal<FleetFigures>()
  const [alerts, setAlerts] = createSignal<Alert[]>([])
  const [nowMs, setNowMs] = createSignal(Date.now())
  const [connected, setConnected] = createSignal(false)
  const [everConnected, setEverConnected] = createSignal(false)
  const [asOfMs, setAsOfMs] = createSignal<number | null>(null)
  let serverOffsetMs = 0

  const stamp = (asOf: number | null, serverMs: number) => {
    serverOffsetMs = serverMs - Date.now()
    setAsOfMs(asOf)
    setNowMs(Date.now())
  }

  openFeed({
    onState: (isConnected) => {
      setConnected(isConnected)
      if (isConnected) setEverConnected(true)
    },
    onSnapshot: (news) => {
      fleet.apply(news, true)
      stamp(news.as_of, news.server_time)
      setRevision((count) => count + 1)
    },
    onDelta: (news) => {
      fleet.apply(news, false)
      stamp(news.as_of, news.server_time)
      setRevision((count) => count + 1)
    },
    onAlerts: (news) => setAlerts((feed) => mergeAlerts(feed, news.alerts, news.reset)),
    onFigures: (news) => {
      setFigures(news)
      stamp(news.as_of == null ? null : Date.parse(news.as_of), Date.parse(news.server_time))
    },
  })
  window.setInterval(() => setNowMs(Date.now()), 1_000)
  window.__tacho = { vehicles: () => fleet.positions(), figures: () => figures() }

  return {
    fleet,
    revision,
    figures,
    alerts,
    /** Now on the server's clock, ms; moves once a second. */
    nowMs: () => nowMs() + serverOffsetMs,
    freshness: (): Freshness =>
      freshness({
        connected: connected(),
        everConnected: everConnected(),
        asOfMs: asOfMs(),
        serverNowMs: nowMs() + serverOffsetMs,
      }),
  }
})

declare global {
  interface Window {
    /** For tests: what the page shows, to compare with the store. */
    __tacho?: { vehicles: () => ReturnType<Fleet['positions']>; figures: () => FleetFigures | undefined }
  }
}
