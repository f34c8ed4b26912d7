/** What stands around every page: brand, navigation, search, freshness, preferences. */
import { useNavigate } from '@solidjs/router'
import { For, Suspense, type ParentProps } from 'solid-js'
import { live } from './live'
import { FreshnessPill } from './ui/FreshnessPill'
import { Icon } from './ui/Icon'
import { SearchBox } from './ui/SearchBox'
import { theme, toggleTheme, toggleUnits, units } from './ui/preferences'
import { A } from '@solidjs/router'

const PAGES = [
  { href: '/', label: 'Live', icon: 'live' },
  { href: '/alerts', label: 'Alerts', icon: 'alerts' },
  { href: '/trips', label: 'Trips', icon: 'trips' },
  { href: '/system', label: 'System', icon: 'system' },
] as const

export function Frame(props: ParentProps) {
  const navigate = useNavigate()
  const search = (text: string) => {
    live.revision()
    return live.fleet.search(text, 8)
  }
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="topbar">
        <A href="/" class="brand" aria-label="tacho, live map">
          <Icon name="brand" />
          <span>tacho</span>
        </A>
        <nav class="nav" aria-label="Pages">
          <For each={PAGES}>
            {(page) => (
              <A href={page.href} end class="nav-item" activeClass="is-active">
                <Icon name={page.icon} />
                <span>{page.label}</span>
              </A>
            )}
          </For>
        </nav>
        <SearchBox search={search} onChoose={(id) => navigate(`/?vehicle=${encodeURIComponent(id)}`)} />
        <FreshnessPill state={live.freshness()} />
        <div class="tools">
          <button
            type="button"
            class="tool"
            data-testid="units"
            aria-label={`Units: ${units() === 'km' ? 'kilometres' : 'miles'}. Change`}
            title="Kilometres or miles"
            onClick={toggleUnits}
          >
            {units()}
          </button>
          <button
            type="button"
            class="tool"
            data-testid="theme"
            aria-label={theme() === 'dark' ? 'Use light colours' : 'Use dark colours'}
            title="Dark or light"
            onClick={toggleTheme}
          >
            <Icon name={theme() === 'dark' ? 'sun' : 'moon'} />
          </button>
        </div>
      </header>
      <main id="main" class="main" tabindex="-1">
        <Suspense>{props.children}</Suspense>
      </main>
    </div>
  )
}
