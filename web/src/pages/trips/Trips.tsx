import { A, useSearchParams } from '@solidjs/router'
import { For, createMemo } from 'solid-js'
import { listTrips, type Trip } from '../../api/client'
import { shortDuration } from '../../lib/freshness'
import { localTime, relativeTime, words } from '../../lib/time'
import { formatDistance, formatShare, formatSpeed } from '../../lib/units'
import { live } from '../../live'
import { units } from '../../ui/preferences'
import { ChoiceFilter, ListPage, TextFilter } from '../ListPage'
import { createPager } from '../pager'

const STATUSES = ['open', 'completed', 'cancelled', 'timed_out'].map((value) => ({ value, label: words(value) }))

type Filter = { vehicle: string; status: string }

export default function Trips() {
  const [params, setParams] = useSearchParams<Filter>()
  const query = createMemo(() => ({ vehicle_id: params.vehicle ?? '', status: params.status ?? '', limit: 100 }))
  const pager = createPager(() => query(), listTrips)
  return (
    <ListPage
      title="Trips"
      noun="trips"
      pager={pager}
      empty="No trip matches these filters. Trips appear as soon as a vehicle drives off."
      filters={
        <>
          <TextFilter
            label="Vehicle"
            value={params.vehicle ?? ''}
            onApply={(vehicle) => setParams({ vehicle: vehicle || null })}
          />
          <ChoiceFilter
            label="Status"
            value={params.status ?? ''}
            choices={STATUSES}
            onApply={(status) => setParams({ status: status || null })}
          />
        </>
      }
    >
      <table data-testid="trips">
        <thead>
          <tr>
            <th scope="col">Vehicle</th>
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col" class="is-number">
              Distance
            </th>
            <th scope="col" class="is-number is-wide">
              Duration
            </th>
            <th scope="col" class="is-number is-extra">
              Idle
            </th>
            <th scope="col" class="is-number is-extra">
              Average
            </th>
            <th scope="col" class="is-number is-extra">
              Top speed
            </th>
            <th scope="col" class="is-number is-extra">
              Harsh
            </th>
            <th
              scope="col"
              class="is-number is-extra"
              title="Share of the way within the corridor of the planned route"
            >
              On route
            </th>
            <th scope="col" class="is-extra">
              Driver
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={pager.items()}>{(trip) => <TripRow trip={trip} />}</For>
        </tbody>
      </table>
    </ListPage>
  )
}

function TripRow(props: { trip: Trip }) {
  const startMs = () => Date.parse(props.trip.started_at)
  return (
    <tr>
      <td>
        <A href={`/?vehicle=${encodeURIComponent(props.trip.vehicle_id)}`}>{props.trip.vehicle_id}</A>
      </td>
      <td>
        <span class={`chip status-${props.trip.status}`}>{words(props.trip.status)}</span>
      </td>
      <td title={localTime(startMs())}>{relativeTime(startMs(), live.nowMs())}</td>
      <td class="is-number">{formatDistance(props.trip.distance_m, units())}</td>
      <td class="is-number is-wide">{shortDuration(props.trip.duration_s)}</td>
      <td class="is-number is-extra">{shortDuration(props.trip.idle_s)}</td>
      <td class="is-number is-extra">{formatSpeed(props.trip.avg_speed_kmph, units())}</td>
      <td class="is-number is-extra">{formatSpeed(props.trip.max_speed_kmph, units())}</td>
      <td class="is-number is-extra">{props.trip.harsh_count || '–'}</td>
      <td class="is-number is-extra" title={offRoute(props.trip)}>
        {formatShare(props.trip.route_compliance)}
      </td>
      <td class="is-extra is-muted">{props.trip.driver_id ?? 'Unidentified'}</td>
    </tr>
  )
}

function offRoute(trip: Trip): string {
  return trip.out_of_route_m == null
    ? 'No planned route'
    : `${formatDistance(trip.out_of_route_m, units())} off the route`
}
