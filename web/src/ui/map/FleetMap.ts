/** The thin adapter to MapLibre: the rest of the page knows vehicles, not maps. */
import { GeoJSONSource, Map as MapLibreMap, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { fleetBounds, type Bounds, type Fleet, type LiveVehicle } from '../../lib/fleet'
import { graticule } from '../../lib/graticule'
import { latOf, lonOf, mercatorX, mercatorY } from '../../lib/mercator'
import { buildSprites, pick, type Picked, type Sprites } from '../../lib/sprites'
import type { Units } from '../../lib/units'
import { SpriteLayer } from './SpriteLayer'
import { baseStyle, loadWorld, type WorldData } from './basemap'
import { MAP_COLORS, type Theme } from './theme'

setWorkerUrl(workerUrl)

export type Hover = { index: number; x: number; y: number }

/** Parts of the map that panels cover, in px. */
export type Insets = { top: number; right: number; bottom: number; left: number }

export type FleetMapOptions = {
  container: HTMLElement
  fleet: Fleet
  theme: Theme
  units: Units
  onSelect: (index: number | undefined) => void
  onHover: (hover: Hover | undefined) => void
  /** The person moved the map by hand. */
  onDrag: () => void
}

const FLY_ZOOM = 14.5
const TRAIL_POINTS_MAX = 600

export class FleetMap {
  private readonly map: MapLibreMap
  private readonly layer: SpriteLayer
  private readonly scale: ScaleControl
  private readonly fleet: Fleet
  private readonly options: FleetMapOptions
  private readonly stop = new AbortController()
  private sprites: Sprites | undefined
  private world: WorldData | undefined
  private selected: number | undefined
  private trail: [number, number][] = []
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 }
  private isFitted = false
  private isStyled = false
  private graticuleKey = ''
  private pointer: { x: number; y: number } | undefined

  constructor(options: FleetMapOptions) {
    this.options = options
    this.fleet = options.fleet
    const colors = MAP_COLORS[options.theme]
    this.layer = new SpriteLayer(colors)
    this.map = new MapLibreMap({
      container: options.container,
      style: baseStyle(colors),
      center: [20, 25],
      zoom: 1.6,
      minZoom: 1,
      maxZoom: 19,
      maxPitch: 0,
      renderWorldCopies: false,
      // Natural Earth is in the public domain and asks for no line on the map.
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      canvasContextAttributes: { antialias: false },
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.keyboard.disableRotation()
    this.scale = new ScaleControl({ unit: options.units === 'km' ? 'metric' : 'imperial' })
    this.map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right')
    this.map.addControl(this.scale, 'bottom-right')
    this.map.getCanvas().setAttribute('aria-label', 'Map of the fleet')
    this.map.on('load', () => {
      this.map.addLayer(this.layer)
      this.draw()
      this.drawGraticule()
    })
    this.listen()
    loadWorld(this.stop.signal).then(
      (world) => {
        this.world = world
        this.showWorld()
      },
      () => undefined, // Without the base map the vehicles still show; the graticule gives the scale.
    )
  }

  /** The fleet changed. */
  update(): void {
    if (!this.isFitted && this.fleet.seen.includes(1)) {
      this.isFitted = true
      this.fitFleet(0)
    }
    this.draw()
  }

  select(index: number | undefined, fly: boolean): void {
    if (this.selected !== index) {
      this.trail = []
      this.setData('trail', lineOf([]))
    }
    this.selected = index
    const vehicle = this.placed()
    if (fly && vehicle !== undefined) this.flyTo(vehicle.lat, vehicle.lon)
    this.draw()
  }

  flyTo(lat: number, lon: number): void {
    this.isFitted = true
    const zoom = Math.max(this.map.getZoom(), FLY_ZOOM)
    this.map.flyTo({ center: [lon, lat], zoom, offset: this.offset(), duration: motionMs(1_200) })
  }

  /** Keeps the selected vehicle in the middle. */
  follow(): void {
    const vehicle = this.placed()
    if (vehicle === undefined || this.map.isMoving()) return
    this.map.easeTo({ center: [vehicle.lon, vehicle.lat], offset: this.offset(), duration: motionMs(400) })
  }

  fitFleet(durationMs = 800): void {
    const bounds = fleetBounds(this.fleet)
    if (bounds === undefined) return
    const { top, right, bottom, left } = this.insets
    const padding = { top: top + 56, right: right + 56, bottom: bottom + 56, left: left + 56 }
    this.map.fitBounds([[bounds.west, bounds.south], [bounds.east, bounds.north]], { padding, maxZoom: 13, duration: motionMs(durationMs) }) // prettier-ignore
  }

  setInsets(insets: Insets): void {
    this.insets = insets
  }

  setTheme(theme: Theme): void {
    const colors = MAP_COLORS[theme]
    this.layer.setColors(colors)
    for (const [layer, property, value] of [
      ['water', 'background-color', colors.water],
      ['land', 'fill-color', colors.land],
      ['graticule', 'line-color', colors.line],
      ['borders', 'line-color', colors.border],
      ['names', 'text-color', colors.label],
      ['names', 'text-halo-color', colors.labelHalo],
      ['trail', 'line-color', colors.accent],
    ] as const) {
      if (this.map.getLayer(layer) !== undefined) this.map.setPaintProperty(layer, property, value)
    }
  }

  setUnits(units: Units): void {
    this.scale.setUnit(units === 'km' ? 'metric' : 'imperial')
  }

  resize(): void {
    this.map.resize()
  }

  remove(): void {
    this.stop.abort()
    this.map.remove()
  }

  /** From the middle of the map to the middle of what no panel covers, in px. */
  private offset(): [number, number] {
    const { top, right, bottom, left } = this.insets
    return [(left - right) / 2, (top - bottom) / 2]
  }

  private listen(): void {
    const { map, options } = this
    map.on('click', (event) => {
      const found = this.pick(event.point)
      if (found?.kind === 'cluster') this.zoomInto(found)
      else options.onSelect(found?.index)
    })
    map.on('mousemove', (event) => {
      const isFirst = this.pointer === undefined
      this.pointer = event.point
      if (isFirst) requestAnimationFrame(() => this.hover())
    })
    map.on('mouseout', () => options.onHover(undefined))
    map.on('zoom', () => this.draw())
    map.on('moveend', () => this.drawGraticule())
    map.on('movestart', () => options.onHover(undefined))
    map.on('dragstart', () => {
      this.isFitted = true
      options.onDrag()
    })
    map.on('wheel', () => {
      this.isFitted = true
    })
    map.on('style.load', () => {
      this.isStyled = true
      this.showWorld()
    })
  }

  private hover(): void {
    const point = this.pointer
    this.pointer = undefined
    if (point === undefined || this.map.isMoving()) return
    const found = this.pick(point)
    this.map.getCanvas().style.cursor = found === undefined ? '' : 'pointer'
    this.options.onHover(found?.kind === 'vehicle' ? { index: found.index, x: point.x, y: point.y } : undefined)
  }

  private pick(point: { x: number; y: number }): Picked | undefined {
    if (this.sprites === undefined) return undefined
    const zoom = this.map.getZoom()
    const { lng, lat } = this.map.unproject([point.x, point.y])
    return pick(this.fleet, this.sprites, zoom, mercatorX(lng), mercatorY(lat), this.sprites.sizePx / 2 + 5)
  }

  private zoomInto({ cluster }: Extract<Picked, { kind: 'cluster' }>): void {
    const sw: [number, number] = [lonOf(cluster.west), latOf(cluster.south)]
    const ne: [number, number] = [lonOf(cluster.east), latOf(cluster.north)]
    const camera = this.map.cameraForBounds([sw, ne], { padding: 80, maxZoom: FLY_ZOOM })
    const zoom = Math.max(camera?.zoom ?? 0, this.map.getZoom() + 1.2)
    const center = camera?.center ?? { lng: lonOf(cluster.x), lat: latOf(cluster.y) }
    this.map.easeTo({ center, zoom, duration: motionMs(700) })
  }

  private draw(): void {
    const bounds = this.map.getBounds()
    const view = {
      zoom: this.map.getZoom(),
      west: mercatorX(bounds.getWest()),
      east: mercatorX(bounds.getEast()),
      north: mercatorY(bounds.getNorth()),
      south: mercatorY(bounds.getSouth()),
    }
    this.sprites = buildSprites(this.fleet, view, this.selected, this.sprites)
    this.layer.setSprites(this.sprites)
    this.drawTrail()
  }

  /** The selected vehicle, if it is anywhere: one in private mode is not. */
  private placed(): LiveVehicle | undefined {
    const vehicle = this.selected === undefined ? undefined : this.fleet.vehicle(this.selected)
    return vehicle?.isPrivate === true ? undefined : vehicle
  }

  private drawTrail(): void {
    const vehicle = this.placed()
    if (vehicle === undefined) return
    const last = this.trail.at(-1)
    if (last !== undefined && last[0] === vehicle.lon && last[1] === vehicle.lat) return
    this.trail.push([vehicle.lon, vehicle.lat])
    if (this.trail.length > TRAIL_POINTS_MAX) this.trail.shift()
    this.setData('trail', lineOf(this.trail))
  }

  private drawGraticule(): void {
    const bounds = this.map.getBounds()
    const view: Bounds = {
      west: bounds.getWest(),
      south: bounds.getSouth(),
      east: bounds.getEast(),
      north: bounds.getNorth(),
    }
    // At the globe's scale lines are noise beside borders and names.
    const lines = this.map.getZoom() < 3 ? lineOf([]) : graticule(view)
    const key = JSON.stringify(lines)
    if (key === this.graticuleKey) return
    this.graticuleKey = key
    this.setData('graticule', lines)
  }

  private showWorld(): void {
    if (this.world === undefined || !this.isStyled) return
    this.setData('land', this.world.land)
    this.setData('borders', this.world.borders)
    this.setData('names', this.world.names)
  }

  private setData(source: string, data: GeoJSON.FeatureCollection): void {
    const found = this.map.getSource(source)
    if (found instanceof GeoJSONSource) void found.setData(data)
  }
}

function lineOf(coordinates: [number, number][]): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] =
    coordinates.length < 2 ? [] : [{ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } }]
  return { type: 'FeatureCollection', features }
}

/** People who ask for less motion get none. */
function motionMs(ms: number): number {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : ms
}
