import { A, useSearchParams } from '@solidjs/router'
import { For, Show, createMemo } from 'solid-js'
import { listAlerts, type Alert } from '../../api/client'
import { severityLabel } from '../../lib/alerts'
import { shortDuration } from '../../lib/freshness'
import { PERIODS, spanOf } from '../../lib/period'
import { localTime, relativeTime, words } from '../../lib/time'
import { live } from '../../live'
import { Severity } from '../../ui/Severity'
import { ChoiceFilter, ListPage, MomentFilter, TextFilter } from '../ListPage'
import { createPager } from '../pager'

const choices = (values: string[]) => values.map((value) => ({ value, label: words(value) }))

const STATES = choices(['open', 'closed', 'acknowledged', 'dismissed'])
const TYPES = choices([
  'overspeed',
  'harsh_brake',
  'harsh_accel',
  'harsh_corner',
  'idling',
  'sos',
  'crash',
  'possible_crash',
  'geofence_enter',
  'geofence_exit',
  'geofence_violation',
  'vehicle_offline',
  'route_deviation',
  'eta_breach',
  'engine_overheat',
  'low_battery',
  'low_fuel',
  'fuel_theft',
  'fault_code',
  'maintenance_due',
  'asset_downtime',
  'break_violation',
  'driving_time',
  'device',
])
const SEVERITIES = [2, 3, 4, 5].map((value) => ({ value: String(value), label: `${severityLabel(value)} and above` }))

type Filter = {
  vehicle: string
  driver: string
  state: string
  type: string
  severity: string
  period: string
  from: string
  until: string
}

export default function Alerts() {
  const [params, setParams] = useSearchParams<Filter>()
  const query = createMemo(() => ({
    vehicle_id: params.vehicle ?? '',
    driver_id: params.driver ?? '',
    state: params.state ?? '',
    alert_type: params.type ?? '',
    severity_min: Number(params.severity ?? 1) || 1,
    // Now is when the filters were set, so that all pages of a list are of one span.
    ...spanOf(params.period ?? '', params.from ?? '', params.until ?? '', Date.now()),
    limit: 100,
  }))
  const pager = createPager(() => query(), listAlerts)
  return (
    <ListPage
      title="Alerts"
      noun="alerts"
      pager={pager}
      empty="No alert matches these filters."
      filters={
        <>
          <TextFilter
            label="Vehicle"
            value={params.vehicle ?? ''}
            onApply={(vehicle) => setParams({ vehicle: vehicle || null })}
          />
          <TextFilter
            label="Driver"
            value={params.driver ?? ''}
            onApply={(driver) => setParams({ driver: driver || null })}
          />
          <ChoiceFilter
            label="Began"
            value={params.period ?? ''}
            choices={PERIODS}
            onApply={(period) => setParams({ period: period || null, from: null, until: null })}
          />
          <Show when={params.period === 'between'}>
            <MomentFilter
              label="From"
              value={params.from ?? ''}
              onApply={(from) => setParams({ from: from || null })}
            />
            <MomentFilter
              label="Before"
              value={params.until ?? ''}
              onApply={(until) => setParams({ until: until || null })}
            />
          </Show>
          <ChoiceFilter
            label="State"
            value={params.state ?? ''}
            choices={STATES}
            onApply={(state) => setParams({ state: state || null })}
          />
          <ChoiceFilter
            label="Type"
            value={params.type ?? ''}
            choices={TYPES}
            onApply={(type) => setParams({ type: type || null })}
          />
          <ChoiceFilter
            label="Severity"
            value={params.severity ?? ''}
            choices={SEVERITIES}
            onApply={(severity) => setParams({ severity: severity || null })}
          />
        </>
      }
    >
      <table data-testid="alerts">
        <thead>
          <tr>
            <th scope="col">Severity</th>
            <th scope="col">Alert</th>
            <th scope="col">Vehicle</th>
            <th scope="col">Began</th>
            <th scope="col" class="is-number is-extra">
              Lasted
            </th>
            <th scope="col" class="is-extra">
              State
            </th>
            <th scope="col" class="is-extra">
              Driver
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={pager.items()}>{(alert) => <AlertRow alert={alert} />}</For>
        </tbody>
      </table>
    </ListPage>
  )
}

function AlertRow(props: { alert: Alert }) {
  const beginMs = () => Date.parse(props.alert.ts)
  const lasted = () => {
    const { ended_at } = props.alert
    return ended_at == null ? '–' : shortDuration((Date.parse(ended_at) - beginMs()) / 1_000)
  }
  return (
    <tr>
      <td>
        <Severity severity={props.alert.severity} />
      </td>
      <td>
        <div class="cell-title">{words(props.alert.alert_type)}</div>
        <div class="is-muted is-detail">{props.alert.details}</div>
      </td>
      <td>
        <A href={`/?vehicle=${encodeURIComponent(props.alert.vehicle_id)}`}>{props.alert.vehicle_id}</A>
      </td>
      <td title={localTime(beginMs())}>{relativeTime(beginMs(), live.nowMs())}</td>
      <td class="is-number is-extra">{lasted()}</td>
      <td class="is-extra">
        <span class={`chip status-${props.alert.state}`}>{words(props.alert.state)}</span>
      </td>
      <td class="is-extra is-muted">{props.alert.driver_id ?? 'Unidentified'}</td>
    </tr>
  )
}
