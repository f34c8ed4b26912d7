import { A } from '@solidjs/router'
import { For, createSignal } from 'solid-js'
import type { Alert } from '../../api/client'
import { localTime, relativeTime, words } from '../../lib/time'
import { Icon } from '../../ui/Icon'
import { Severity } from '../../ui/Severity'

/** Newest alerts first; on a phone a sheet that opens from below. */
export function AlertFeed(props: { alerts: Alert[]; nowMs: number; onOpen: (alert: Alert) => void }) {
  const [isOpen, setIsOpen] = createSignal(false)
  const open = (alert: Alert) => {
    setIsOpen(false)
    props.onOpen(alert)
  }
  return (
    <section class="panel feed" classList={{ 'is-open': isOpen() }} aria-labelledby="feed-title">
      <header class="panel-head">
        <h2 id="feed-title">Alerts</h2>
        <A href="/alerts" class="link">
          All alerts
        </A>
        <button
          type="button"
          class="tool sheet-toggle"
          aria-expanded={isOpen()}
          aria-label={isOpen() ? 'Fold the alerts' : 'Unfold the alerts'}
          onClick={() => setIsOpen((now) => !now)}
        >
          <Icon name="up" />
        </button>
      </header>
      <ol class="feed-list" data-testid="feed" tabindex="0" aria-label="Newest alerts">
        <For each={props.alerts} fallback={<li class="feed-none">No alerts yet. New ones appear here at once.</li>}>
          {(alert) => (
            <li>
              <button
                type="button"
                class={`alert severity-${alert.severity}`}
                classList={{ 'is-over': alert.state !== 'open' }}
                data-testid="feed-alert"
                data-alert={alert.alert_id}
                onClick={() => open(alert)}
              >
                <span class="alert-top">
                  <Severity severity={alert.severity} hideText />
                  <strong>{words(alert.alert_type)}</strong>
                  <time datetime={alert.ts} title={localTime(Date.parse(alert.ts))}>
                    {relativeTime(Date.parse(alert.ts), props.nowMs)}
                  </time>
                </span>
                <span class="alert-text">
                  {alert.vehicle_id}
                  <span class="is-muted"> · {alert.details}</span>
                </span>
              </button>
            </li>
          )}
        </For>
      </ol>
    </section>
  )
}
