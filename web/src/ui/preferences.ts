/** What a person chose, kept in the browser. */
import { createEffect, createRoot, createSignal } from 'solid-js'
import type { Units } from '../lib/units'
import type { Theme } from './map/theme'

const stored = (key: string): string | null => {
  try {
    return localStorage.getItem(`tacho.${key}`)
  } catch {
    return null // Storage may be forbidden; choices then last as long as the page.
  }
}

const store = (key: string, value: string): void => {
  try {
    localStorage.setItem(`tacho.${key}`, value)
  } catch {
    // As above.
  }
}

const MILES = /^en-(US|GB)$/

export const { theme, toggleTheme, units, toggleUnits } = createRoot(() => {
  const light = window.matchMedia('(prefers-color-scheme: light)')
  const systemTheme = (): Theme => (light.matches ? 'light' : 'dark')
  const chosen = stored('theme')
  const [theme, setTheme] = createSignal<Theme>(chosen === 'light' || chosen === 'dark' ? chosen : systemTheme())
  light.addEventListener('change', () => {
    if (stored('theme') === null) setTheme(systemTheme())
  })
  createEffect(() => {
    document.documentElement.dataset['theme'] = theme()
  })
  const toggleTheme = () => {
    setTheme((now) => (now === 'dark' ? 'light' : 'dark'))
    store('theme', theme())
  }
  const initial = stored('units') ?? (MILES.test(navigator.language) ? 'mi' : 'km')
  const [units, setUnits] = createSignal<Units>(initial === 'mi' ? 'mi' : 'km')
  const toggleUnits = () => {
    setUnits((now) => (now === 'km' ? 'mi' : 'km'))
    store('units', units())
  }
  return { theme, toggleTheme, units, toggleUnits }
})
