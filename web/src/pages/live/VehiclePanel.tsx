import { A } from '@solidjs/router'
import { For, Show, createEffect, createMemo, createResource, createSignal, onCleanup, type JSX } from 'solid-js'
import { getSpeed, getVehicle } from '../../api/client'
import { shortDuration } from '../../lib/freshness'
import { localTime, relativeTime, words } from '../../lib/time'
import { compass, formatDistance, speedUnit, speedValue } from '../../lib/units'
import { live } from '../../live'
import { Icon } from '../../ui/Icon'
import { Severity } from '../../ui/Severity'
import { SpeedChart, type SpeedSeries } from '../../ui/SpeedChart'
import { StateChip } from '../../ui/StateMark'
import { theme, units } from '../../ui/preferences'

const MINUTES = 30
/** History is asked for again so often; the live state needs no asking. */
const REFRESH_MS = 15_000
const LIVE_POINTS_MAX = 1_800

/** Everything about the chosen vehicle. */
export function VehiclePanel(props: { id: string; isFollowing: boolean; onFollow: () => void; onClose: () => void }) {
  const vehicle = createMemo(() => {
    live.revision()
    const index = live.fleet.indexOf(props.id)
    return index === undefined ? undefined : live.fleet.vehicle(index)
  })
  const [detail, { refetch }] = createResource(() => props.id, (id) => getVehicle(id).catch(() => undefined)) // prettier-ignore
  const [history] = createResource(() => props.id, (id) => getSpeed(id, MINUTES).catch(() => undefined)) // prettier-ignore
  const timer = window.setInterval(() => void refetch(), REFRESH_MS)
  onCleanup(() => window.clearInterval(timer))

  /** Points that came in since the history was asked for. */
  const [tail, setTail] = createSignal<{ atMs: number; kmph: number }[]>([])
  createEffect(() => {
    const now = vehicle()
    if (now === undefined) return
    setTail((points) => {
      if (points.at(-1)?.atMs === now.atMs) return points
      return [...points.slice(-LIVE_POINTS_MAX), { atMs: now.atMs, kmph: now.speedKmph }]
    })
  })
  const series = createMemo((): SpeedSeries => {
    const stored = (history()?.points ?? []).map((point) => ({ atMs: Date.parse(point.at), kmph: point.speed_kmph }))
    const from = stored.at(-1)?.atMs ?? 0
    const points = [...stored, ...tail().filter((point) => point.atMs > from)]
    return {
      seconds: points.map((point) => point.atMs / 1_000),
      speeds: points.map((point) => speedValue(point.kmph, units())),
    }
  })
  const trip = () => detail.latest?.trip ?? undefined
  const driver = () => detail.latest?.vehicle?.driver_id ?? trip()?.driver_id ?? undefined

  return (
    <aside class="panel vehicle" aria-label={`Vehicle ${props.id}`} data-testid="vehicle-panel">
      <header class="panel-head">
        <h2 class="is-id">{props.id}</h2>
        <button
          type="button"
          class="tool"
          classList={{ 'is-on': props.isFollowing }}
          aria-pressed={props.isFollowing}
          aria-label="Follow"
          title="Follow"
          data-testid="follow"
          onClick={() => props.onFollow()}
        >
          <Icon name="follow" />
        </button>
        <button type="button" class="tool" aria-label="Close" title="Close (Esc)" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body" tabindex="0" role="region" aria-label="Details">
        <Show when={vehicle()} fallback={<p class="is-muted">Not heard since the server started.</p>}>
          {(now) => (
            <div class="now">
              <div class="speed">
                <span class="speed-value" data-testid="vehicle-speed">
                  {Math.round(speedValue(now().speedKmph, units()))}
                </span>
                <span class="speed-unit">{speedUnit(units())}</span>
              </div>
              <div class="now-side">
                <StateChip state={now().state} />
                <Show when={now().isPrivate}>
                  <span class="chip" data-testid="vehicle-private" title="Private mode: where it is is not told">
                    Private
                  </span>
                </Show>
                <span class="is-muted" title={localTime(now().atMs)}>
                  {now().heading !== null && now().state === 'driving' ? `${compass(now().heading ?? 0)} · ` : ''}
                  {relativeTime(now().atMs, live.nowMs())}
                </span>
              </div>
            </div>
          )}
        </Show>
        <Show when={series().seconds.length > 1}>
          <SpeedChart series={series()} unit={speedUnit(units())} theme={theme()} />
        </Show>
        <dl class="facts">
          <Fact term="Driver">{driver() ?? <span class="is-muted">Unidentified</span>}</Fact>
          <Show
            when={trip()}
            fallback={
              <Fact term="Trip">
                <span class="is-muted">None</span>
              </Fact>
            }
          >
            {(shown) => (
              <>
                <Fact term="Trip">
                  <A href={`/trips?vehicle=${encodeURIComponent(props.id)}`}>{words(shown().status)}</A>
                </Fact>
                <Fact term="Started">{relativeTime(Date.parse(shown().started_at), live.nowMs())}</Fact>
                <Fact term="Distance">{formatDistance(shown().distance_m, units())}</Fact>
                <Fact term="Duration">{shortDuration(shown().duration_s)}</Fact>
              </>
            )}
          </Show>
          <Show when={vehicle()}>
            {(now) => (
              <Fact term="Position">
                <Show when={!now().isPrivate} fallback={<span class="is-muted">Private</span>}>
                  {now().lat.toFixed(5)}, {now().lon.toFixed(5)}
                </Show>
              </Fact>
            )}
          </Show>
        </dl>
        <Show when={detail.latest?.partial === true}>
          <p class="hint" role="status">
            History is not available right now.
          </p>
        </Show>
        <Show when={(detail.latest?.alerts.length ?? 0) > 0}>
          <h3>Last alerts</h3>
          <ul class="mini">
            <For each={detail.latest?.alerts.slice(0, 5)}>
              {(alert) => (
                <li>
                  <Severity severity={alert.severity} hideText />
                  <span>{words(alert.alert_type)}</span>
                  <time datetime={alert.ts} title={localTime(Date.parse(alert.ts))}>
                    {relativeTime(Date.parse(alert.ts), live.nowMs())}
                  </time>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </div>
    </aside>
  )
}

function Fact(props: { term: string; children: JSX.Element }) {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}
