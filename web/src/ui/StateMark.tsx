import { STATE_LABEL } from '../lib/sprites'
import type { VehicleState } from '../lib/fleet'

const SHAPES: Record<VehicleState, string> = {
  driving: 'M8 1.5 13 14 8 11 3 14Z',
  idling: 'M4.5 3h7A1.5 1.5 0 0 1 13 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 11.5v-7A1.5 1.5 0 0 1 4.5 3Z',
  stopped: 'M8 2.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8Z',
  offline: 'M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z',
  down: 'M8 1.5 14.5 8 8 14.5 1.5 8Z',
}

/** A state's shape in its colour, as on the map. */
export function StateMark(props: { state: VehicleState }) {
  return (
    <svg class={`mark mark-${props.state}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={SHAPES[props.state]} />
    </svg>
  )
}

export function StateChip(props: { state: VehicleState }) {
  return (
    <span class={`chip state-${props.state}`} data-testid="vehicle-state">
      <StateMark state={props.state} />
      {STATE_LABEL[props.state]}
    </span>
  )
}
