import { For } from 'solid-js'

import { severityLabel } from '../lib/alerts'

/** Severity by colour, number of bars and word. */
export function Severity(props: { severity: number; hideText?: boolean }) {
  return (
    <span class={`severity severity-${props.severity}`} title={`Severity ${props.severity} of 5`}>
      <svg viewBox="0 0 16 12" width="16" height="12" aria-hidden="true">
        <For each={[1, 2, 3, 4, 5]}>
          {(level) => (
            <rect
              x={(level - 1) * 3.3}
              y={12 - 2.4 * level}
              width="2.3"
              height={2.4 * level}
              rx="0.8"
              class={level <= props.severity ? 'is-on' : 'is-off'}
            />
          )}
        </For>
      </svg>
      <span classList={{ 'visually-hidden': props.hideText === true }}>{severityLabel(props.severity)}</span>
    </span>
  )
}
