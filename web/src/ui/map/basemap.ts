/** The offline base map: land, borders, country names, and a graticule. */
import type { StyleSpecification } from 'maplibre-gl'
import type { GeometryCollection, Topology } from 'topojson-specification'
import type { FeatureCollection } from 'geojson'
import { feature, mesh } from 'topojson-client'
import countriesUrl from 'world-atlas/countries-50m.json?url'
import type { MapColors } from './theme'

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] }

export function baseStyle(colors: MapColors): StyleSpecification {
  const empty = { type: 'geojson', data: EMPTY } as const
  return {
    version: 8,
    sources: {
      // Coarse data: tiles beyond zoom 6 would only be cut finer.
      land: { ...empty, maxzoom: 6, tolerance: 0.4 },
      borders: { ...empty, maxzoom: 6, tolerance: 0.4 },
      names: { ...empty, maxzoom: 4 },
      graticule: { ...empty, maxzoom: 12, tolerance: 0 },
      trail: { ...empty },
    },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': colors.water } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': colors.land, 'fill-antialias': false } },
      {
        id: 'graticule',
        type: 'line',
        source: 'graticule',
        paint: { 'line-color': colors.line, 'line-width': 1 },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'borders',
        paint: { 'line-color': colors.border, 'line-width': ['interpolate', ['linear'], ['zoom'], 2, 0.6, 8, 1.4] },
      },
      {
        id: 'names',
        type: 'symbol',
        source: 'names',
        maxzoom: 8,
        layout: {
          'text-field': ['get', 'name'],
          'text-size': ['interpolate', ['linear'], ['zoom'], 2, 10, 6, 14],
          'text-max-width': 7,
          'text-letter-spacing': 0.08,
        },
        paint: { 'text-color': colors.label, 'text-halo-color': colors.labelHalo, 'text-halo-width': 1.2 },
      },
      {
        id: 'trail',
        type: 'line',
        source: 'trail',
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': colors.accent, 'line-width': 2.5, 'line-opacity': 0.7 },
      },
    ],
  }
}

export type WorldData = { land: FeatureCollection; borders: FeatureCollection; names: FeatureCollection }

export async function loadWorld(signal: AbortSignal): Promise<WorldData> {
  const response = await fetch(countriesUrl, { signal })
  const topology = (await response.json()) as Topology
  const countries = topology.objects['countries']
  const land = topology.objects['land']
  if (countries?.type !== 'GeometryCollection' || land?.type !== 'GeometryCollection') {
    return { land: EMPTY, borders: EMPTY, names: EMPTY }
  }
  const shapes = feature(topology, countries)
  const borders = mesh(topology, countries as GeometryCollection)
  return {
    land: feature(topology, land),
    borders: { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry: borders }] },
    names: { type: 'FeatureCollection', features: shapes.features.flatMap(labelPoint) },
  }
}

/** A country's name in the middle of its largest part. */
function labelPoint(country: FeatureCollection['features'][number]): FeatureCollection['features'] {
  const { geometry } = country
  const rings =
    geometry.type === 'Polygon'
      ? [geometry.coordinates[0]]
      : geometry.type === 'MultiPolygon'
        ? geometry.coordinates.map((polygon) => polygon[0])
        : []
  let best: { area: number; lon: number; lat: number } | undefined
  for (const ring of rings) {
    if (ring === undefined) continue
    const center = ringCenter(ring)
    if (best === undefined || center.area > best.area) best = center
  }
  // Slivers without a country code (glaciers under dispute, islets) are not worth a name.
  if (best === undefined || (country.id === undefined && best.area < 1)) return []
  const geometryPoint = { type: 'Point' as const, coordinates: [best.lon, best.lat] }
  return [{ type: 'Feature', properties: country.properties, geometry: geometryPoint }]
}

/** Area (in square degrees) and centroid of a ring. */
function ringCenter(ring: number[][]): { area: number; lon: number; lat: number } {
  let [twice, lon, lat] = [0, 0, 0]
  for (let at = 0; at + 1 < ring.length; at++) {
    const [x0 = 0, y0 = 0] = ring[at] ?? []
    const [x1 = 0, y1 = 0] = ring[at + 1] ?? []
    const cross = x0 * y1 - x1 * y0
    twice += cross
    lon += (x0 + x1) * cross
    lat += (y0 + y1) * cross
  }
  if (twice === 0) return { area: 0, lon: ring[0]?.[0] ?? 0, lat: ring[0]?.[1] ?? 0 }
  return { area: Math.abs(twice), lon: lon / (3 * twice), lat: lat / (3 * twice) }
}
