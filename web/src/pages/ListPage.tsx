/** A page with a heading, filters and a table that grows. */
import { For, Show, type JSX, type ParentProps } from 'solid-js'
import { fromLocalField, toLocalField } from '../lib/period'
import type { Pager } from './pager'

export function ListPage<T>(
  props: ParentProps<{ title: string; pager: Pager<T>; filters: JSX.Element; empty: string; noun: string }>,
) {
  const isEmpty = () =>
    props.pager.items().length === 0 && !props.pager.isLoading() && props.pager.error() === undefined
  return (
    <div class="page">
      <div class="page-head">
        <h1>{props.title}</h1>
        <div class="filters">{props.filters}</div>
      </div>
      <div class="table-wrap" aria-busy={props.pager.isLoading()}>
        {props.children}
        <Show when={isEmpty()}>
          <div class="notice" data-testid="empty">
            <strong>Nothing here</strong>
            <p>{props.empty}</p>
          </div>
        </Show>
        <Show when={props.pager.error()}>
          {(text) => (
            <div class="notice is-error" role="alert">
              <strong>The {props.noun} could not be loaded</strong>
              <p>{text()}</p>
              <button type="button" class="button" onClick={() => props.pager.retry()}>
                Try again
              </button>
            </div>
          )}
        </Show>
        <Show when={props.pager.isLoading()}>
          <div class="notice" role="status">
            <span class="spinner" aria-hidden="true" /> Loading {props.noun}
          </div>
        </Show>
        <Show when={props.pager.hasMore() && !props.pager.isLoading() && props.pager.error() === undefined}>
          <div class="more">
            <button type="button" class="button" data-testid="load-more" onClick={() => props.pager.loadMore()}>
              Load more
            </button>
          </div>
        </Show>
      </div>
    </div>
  )
}

/** A text filter that is applied with Enter or on leaving. */
export function TextFilter(props: { label: string; value: string; onApply: (value: string) => void }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="text"
        value={props.value}
        autocomplete="off"
        spellcheck={false}
        placeholder="All"
        onChange={(event) => props.onApply(event.currentTarget.value.trim())}
      />
    </label>
  )
}

/** A moment, in the person's time zone; its value is an instant (ISO 8601). */
export function MomentFilter(props: { label: string; value: string; onApply: (value: string) => void }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="datetime-local"
        value={toLocalField(props.value)}
        onChange={(event) => props.onApply(fromLocalField(event.currentTarget.value))}
      />
    </label>
  )
}

export function ChoiceFilter(props: {
  label: string
  value: string
  choices: readonly { value: string; label: string }[]
  onApply: (value: string) => void
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onApply(event.currentTarget.value)}>
        <option value="">All</option>
        <For each={props.choices}>
          {(choice) => (
            <option value={choice.value} selected={choice.value === props.value}>
              {choice.label}
            </option>
          )}
        </For>
      </select>
    </label>
  )
}
