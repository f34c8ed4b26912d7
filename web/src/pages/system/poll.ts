/** Asks again and again while its page is open and visible: what was last answered, and what went wrong since. */
import { createSignal, onCleanup, onMount } from 'solid-js'
import { ApiError } from '../../api/client'

export type Poll<T> = { value: () => T | undefined; error: () => string | undefined; again: () => void }

export function createPoll<T>(
  intervalMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  onAnswer?: (answer: T) => void,
): Poll<T> {
  const [value, setValue] = createSignal<T>()
  const [error, setError] = createSignal<string>()
  let running: AbortController | undefined
  const look = async () => {
    running?.abort()
    const controller = new AbortController()
    running = controller
    try {
      const answer = await ask(controller.signal)
      setValue(() => answer)
      setError(undefined)
      onAnswer?.(answer)
    } catch (failure) {
      if (controller.signal.aborted) return
      setError(failure instanceof ApiError ? failure.message : 'Something went wrong.')
    }
  }
  onMount(() => {
    void look()
    const timer = window.setInterval(() => {
      if (document.visibilityState === 'visible') void look()
    }, intervalMs)
    onCleanup(() => {
      window.clearInterval(timer)
      running?.abort()
    })
  })
  return { value, error, again: () => void look() }
}
