/** A list that grows by pages: items so far, more of them, and what went wrong. */
import { createEffect, createSignal, onCleanup } from 'solid-js'
import { ApiError, type Page } from '../api/client'

export type Pager<T> = {
  items: () => T[]
  isLoading: () => boolean
  hasMore: () => boolean
  error: () => string | undefined
  loadMore: () => void
  retry: () => void
}

/** Starts anew whenever `query` changes. */
export function createPager<Q extends object, T>(
  query: () => Q,
  fetchPage: (query: Q & { cursor?: string }, signal: AbortSignal) => Promise<Page<T>>,
): Pager<T> {
  const [items, setItems] = createSignal<T[]>([])
  const [cursor, setCursor] = createSignal<string>()
  const [isLoading, setIsLoading] = createSignal(false)
  const [error, setError] = createSignal<string>()
  let running: AbortController | undefined

  const load = async (at: string | undefined, wanted: Q) => {
    running?.abort()
    const controller = new AbortController()
    running = controller
    setIsLoading(true)
    setError(undefined)
    try {
      const page = await fetchPage({ ...wanted, ...(at === undefined ? {} : { cursor: at }) }, controller.signal)
      setItems((known) => (at === undefined ? page.items : [...known, ...page.items]))
      setCursor(page.next_cursor ?? undefined)
    } catch (failure) {
      if (controller.signal.aborted) return
      setError(failure instanceof ApiError ? failure.message : 'Something went wrong.')
    }
    if (running === controller) setIsLoading(false)
  }
  createEffect(() => {
    const wanted = query()
    setItems([])
    setCursor(undefined)
    void load(undefined, wanted)
  })
  onCleanup(() => running?.abort())
  return {
    items,
    isLoading,
    hasMore: () => cursor() !== undefined,
    error,
    loadMore: () => void load(cursor(), query()),
    retry: () => void load(items().length === 0 ? undefined : cursor(), query()),
  }
}
