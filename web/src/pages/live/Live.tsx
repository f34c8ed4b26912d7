/** The map with everything that a dispatcher needs around it. */
import { useSearchParams } from '@solidjs/router'
import { Show, createEffect, createMemo, createSignal, on, onCleanup, onMount } from 'solid-js'
import type { Alert } from '../../api/client'
import { formatSpeed } from '../../lib/units'
import { STATE_LABEL } from '../../lib/sprites'
import { live } from '../../live'
import { Icon } from '../../ui/Icon'
import { StateMark } from '../../ui/StateMark'
import { FleetMap, type Hover } from '../../ui/map/FleetMap'
import { theme, units } from '../../ui/preferences'
import { AlertFeed } from './AlertFeed'
import { Figures } from './Figures'
import { VehiclePanel } from './VehiclePanel'

const PHONE = '(max-width: 760px)'

export default function Live() {
  const [params, setParams] = useSearchParams<{ vehicle: string }>()
  const [hover, setHover] = createSignal<Hover>()
  const [isFollowing, setIsFollowing] = createSignal(false)
  let holder: HTMLDivElement | undefined
  let map: FleetMap | undefined

  /** The number of the vehicle in the URL, once the stream knows it. */
  const selected = createMemo(() => {
    live.revision()
    return params.vehicle === undefined ? undefined : live.fleet.indexOf(params.vehicle)
  })
  const select = (id: string | undefined) => {
    setIsFollowing(false)
    setParams({ vehicle: id ?? null }, { replace: params.vehicle !== undefined && id !== undefined })
  }
  const openAlert = (alert: Alert) => {
    select(alert.vehicle_id)
    const isUnknown = live.fleet.indexOf(alert.vehicle_id) === undefined
    if (isUnknown && alert.lat != null && alert.lon != null) map?.flyTo(alert.lat, alert.lon)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && params.vehicle !== undefined) select(undefined)
  }

  onMount(() => {
    document.addEventListener('keydown', onKey)
    onCleanup(() => document.removeEventListener('keydown', onKey))
    if (holder === undefined) return
    map = new FleetMap({
      container: holder,
      fleet: live.fleet,
      theme: theme(),
      units: units(),
      onSelect: (index) => select(index === undefined ? undefined : live.fleet.names[index]),
      onHover: setHover,
      onDrag: () => setIsFollowing(false),
    })
    map.setInsets(insets(params.vehicle !== undefined))
    onCleanup(() => map?.remove())
    if (live.revision() > 0) map.update()
    map.select(selected(), true)
  })
  createEffect(
    on(live.revision, () => {
      map?.update()
      if (isFollowing()) map?.follow()
    }),
  )
  createEffect(
    on(
      selected,
      (index) => {
        map?.setInsets(insets(index !== undefined))
        map?.select(index, index !== undefined)
      },
      { defer: true },
    ),
  )
  createEffect(on(theme, (now) => map?.setTheme(now), { defer: true }))
  createEffect(on(units, (now) => map?.setUnits(now), { defer: true }))

  return (
    <div class="live" classList={{ 'has-vehicle': params.vehicle !== undefined }}>
      <h1 class="visually-hidden">Live map</h1>
      <div class="map" data-testid="map" ref={(element) => (holder = element)} />
      <Figures figures={live.figures()} />
      <AlertFeed alerts={live.alerts()} nowMs={live.nowMs()} onOpen={openAlert} />
      <Show when={params.vehicle} keyed>
        {(id) => (
          <VehiclePanel
            id={id}
            isFollowing={isFollowing()}
            onFollow={() => {
              setIsFollowing((now) => !now)
              if (isFollowing()) map?.select(selected(), true)
            }}
            onClose={() => select(undefined)}
          />
        )}
      </Show>
      <button
        type="button"
        class="fit"
        aria-label="Show the whole fleet"
        title="Show the whole fleet"
        onClick={() => map?.fitFleet()}
      >
        <Icon name="fit" />
      </button>
      <Show when={hover()}>{(at) => <HoverCard hover={at()} />}</Show>
    </div>
  )
}

/** Panels cover parts of the map; on a phone the sheet covers the lower half. */
function insets(hasVehicle: boolean) {
  if (window.matchMedia(PHONE).matches) return { top: 90, right: 0, bottom: hasVehicle ? 330 : 120, left: 0 }
  return { top: 80, right: 340, bottom: 0, left: hasVehicle ? 360 : 0 }
}

function HoverCard(props: { hover: Hover }) {
  const vehicle = createMemo(() => {
    live.revision()
    return live.fleet.vehicle(props.hover.index)
  })
  return (
    <Show when={vehicle()}>
      {(shown) => (
        <div class="hover" role="tooltip" style={{ left: `${props.hover.x}px`, top: `${props.hover.y}px` }}>
          <StateMark state={shown().state} />
          <strong>{shown().id}</strong>
          <span>
            {shown().state === 'driving' ? formatSpeed(shown().speedKmph, units()) : STATE_LABEL[shown().state]}
          </span>
        </div>
      )}
    </Show>
  )
}
