import { Route, Router } from '@solidjs/router'
import { lazy } from 'solid-js'
import { render } from 'solid-js/web'
import './styles/base.css'
import './styles/parts.css'
import './styles/live.css'
import './styles/system.css'
import { Frame } from './Frame'

const Live = lazy(() => import('./pages/live/Live'))
const Trips = lazy(() => import('./pages/trips/Trips'))
const Alerts = lazy(() => import('./pages/alerts/Alerts'))
const System = lazy(() => import('./pages/system/System'))

const root = document.getElementById('app')
if (root !== null) {
  render(
    () => (
      <Router root={Frame}>
        <Route path="/" component={Live} />
        <Route path="/trips" component={Trips} />
        <Route path="/alerts" component={Alerts} />
        <Route path="/system" component={System} />
        <Route path="*" component={Live} />
      </Router>
    ),
    root,
  )
}
