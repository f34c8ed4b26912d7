/** Lines of latitude and longitude at a distance that suits the zoom: at street level they are all there is to see. */
import type { Bounds } from './fleet'
import type { FeatureCollection, LineString } from 'geojson'

const STEPS_DEG = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001] as const
/** About so many lines across the view. */
const LINES_WANTED = 9

export function graticuleStep(spanDeg: number): number {
  return STEPS_DEG.find((step) => spanDeg / step >= LINES_WANTED) ?? 0.001
}

export function graticule(view: Bounds): FeatureCollection<LineString> {
  const step = graticuleStep(Math.max(view.east - view.west, 0.001))
  const south = Math.max(-85, view.south - step)
  const north = Math.min(85, view.north + step)
  const west = Math.max(-180, view.west - step)
  const east = Math.min(180, view.east + step)
  const lines: [number, number][][] = []
  for (let lon = Math.ceil(west / step); lon * step <= east; lon++) lines.push([[lon * step, south], [lon * step, north]]) // prettier-ignore
  for (let lat = Math.ceil(south / step); lat * step <= north; lat++) lines.push([[west, lat * step], [east, lat * step]]) // prettier-ignore
  return {
    type: 'FeatureCollection',
    features: lines.map((coordinates) => ({
      type: 'Feature',
      properties: {},
      geometry: { type: 'LineString', coordinates },
    })),
  }
}
