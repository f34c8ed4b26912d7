import { freshnessLabel, type Freshness } from '../lib/freshness'

/** Says how old what one sees is. */
export function FreshnessPill(props: { state: Freshness }) {
  return (
    <div class="pill" data-kind={props.state.kind} data-testid="freshness" role="status" aria-live="polite">
      <span class="pill-dot" aria-hidden="true" />
      {freshnessLabel(props.state)}
    </div>
  )
}
