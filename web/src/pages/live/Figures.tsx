import { For } from 'solid-js'
import type { FleetFigures } from '../../api/client'
import { severityLabel } from '../../lib/alerts'
import type { VehicleState } from '../../lib/fleet'
import { formatShort } from '../../lib/units'
import { StateMark } from '../../ui/StateMark'

const STATES: { key: keyof FleetFigures['utilization']; label: string; state: VehicleState }[] = [
  { key: 'active', label: 'Active', state: 'driving' },
  { key: 'idle', label: 'Idle', state: 'idling' },
  { key: 'stopped', label: 'Stopped', state: 'stopped' },
  { key: 'offline', label: 'Offline', state: 'offline' },
]

/** The strip of key figures; also the map's legend. */
export function Figures(props: { figures: FleetFigures | undefined }) {
  const shown = (count: number | undefined) => (count === undefined ? '–' : formatShort(count))
  const open = () => props.figures?.open_alerts.reduce((sum, count) => sum + count, 0)
  return (
    <section class="figures" aria-label="Key figures" data-testid="figures">
      <For each={STATES}>
        {(entry) => (
          <div class="figure">
            <span class="figure-label">
              <StateMark state={entry.state} />
              {entry.label}
            </span>
            <span class="figure-value" data-testid={`figure-${entry.key}`}>
              {shown(props.figures?.utilization[entry.key])}
            </span>
          </div>
        )}
      </For>
      <div class="figure">
        <span class="figure-label">Events / s</span>
        <span class="figure-value" data-testid="figure-events">
          {shown(props.figures?.events_per_s)}
        </span>
      </div>
      <div class="figure">
        <span class="figure-label">Open alerts</span>
        <span class="figure-value">
          <span data-testid="figure-alerts">{shown(open())}</span>
          <span class="by-severity">
            <For each={[5, 4, 3, 2, 1]}>
              {(severity) => (
                <span
                  class={`count severity-${severity}`}
                  classList={{ 'is-zero': (props.figures?.open_alerts[severity - 1] ?? 0) === 0 }}
                  title={`${severityLabel(severity)}: ${props.figures?.open_alerts[severity - 1] ?? 0} open`}
                  data-testid={`figure-alerts-${severity}`}
                >
                  {formatShort(props.figures?.open_alerts[severity - 1] ?? 0)}
                </span>
              )}
            </For>
          </span>
        </span>
      </div>
    </section>
  )
}
