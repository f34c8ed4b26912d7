import { For, Show, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import { Icon } from './Icon'

/** Finds a vehicle by part of its id. `/` jumps here from anywhere. */
export function SearchBox(props: { search: (text: string) => string[]; onChoose: (id: string) => void }) {
  const [text, setText] = createSignal('')
  const [isOpen, setIsOpen] = createSignal(false)
  const [active, setActive] = createSignal(0)
  const found = createMemo(() => (isOpen() ? props.search(text()) : []), [], {
    equals: (a, b) => a.length === b.length && a.every((id, at) => id === b[at]),
  })
  let input: HTMLInputElement | undefined

  const choose = (id: string | undefined) => {
    if (id === undefined) return
    setText('')
    setIsOpen(false)
    input?.blur()
    props.onChoose(id)
  }
  const onKey = (event: KeyboardEvent) => {
    const count = found().length
    if (event.key === 'ArrowDown' && count > 0) setActive((at) => (at + 1) % count)
    else if (event.key === 'ArrowUp' && count > 0) setActive((at) => (at + count - 1) % count)
    else if (event.key === 'Enter') choose(found()[active()])
    else if (event.key === 'Escape') {
      event.stopPropagation()
      setText('')
      input?.blur()
    } else return
    event.preventDefault()
  }
  const onGlobalKey = (event: KeyboardEvent) => {
    const target = event.target
    const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    input?.focus()
  }
  onMount(() => document.addEventListener('keydown', onGlobalKey))
  onCleanup(() => document.removeEventListener('keydown', onGlobalKey))

  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={(element) => (input = element)}
        type="text"
        role="combobox"
        aria-label="Search vehicles"
        aria-expanded={isOpen() && text() !== ''}
        aria-controls="search-results"
        aria-autocomplete="list"
        aria-activedescendant={found().length > 0 ? `search-${active()}` : undefined}
        placeholder="Search vehicles"
        autocomplete="off"
        spellcheck={false}
        data-testid="search"
        value={text()}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setActive(0)
          setIsOpen(true)
        }}
        onFocus={() => setIsOpen(true)}
        onBlur={() => setIsOpen(false)}
        onKeyDown={onKey}
      />
      <kbd aria-hidden="true">/</kbd>
      <Show when={isOpen() && text().trim() !== ''}>
        <ul id="search-results" class="results" role="listbox" aria-label="Vehicles">
          <For each={found()} fallback={<li class="results-none">No vehicle matches</li>}>
            {(id, at) => (
              <li
                id={`search-${at()}`}
                role="option"
                aria-selected={at() === active()}
                classList={{ 'is-active': at() === active() }}
                // Pressing must not take the focus first, or the list is gone before the click.
                onPointerDown={(event) => {
                  event.preventDefault()
                  choose(id)
                }}
              >
                {id}
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  )
}
