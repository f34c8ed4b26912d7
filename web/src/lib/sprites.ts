/** What the map draws of a fleet: one sprite per vehicle, or per cluster when far away. Pure; the layer uploads it. */
import { STATES, type Fleet } from './fleet'
import { worldPx } from './mercator'

/** Cells of the sprite atlas. */
export const CELL = {
  driving: 0,
  idling: 1,
  stopped: 2,
  offline: 3,
  down: 4,
  /** Driving without a known heading. */
  moving: 5,
  halo: 6,
  cluster: 7,
  /** '0' and the nine after it; then '.' and 'k'. */
  digit: 8,
  dot: 18,
  kilo: 19,
} as const

/** Floats per sprite: x and y (coarse, fine), offset in px (2), size in px, angle in radians, cell. */
export const SPRITE_FLOATS = 9

/** Clusters are formed below this zoom. */
export const CLUSTER_ZOOM_MAX = 9.8
const CLUSTER_CELL_PX = 60
const CLUSTER_COUNT_MIN = 6

export type Cluster = {
  x: number
  y: number
  count: number
  sizePx: number
  west: number
  east: number
  north: number
  south: number
}

export type View = {
  zoom: number
  /** Mercator bounds of what is on the screen. */
  west: number
  east: number
  north: number
  south: number
}

export type Sprites = { data: Float32Array; count: number; clusters: Cluster[]; single: Uint8Array; sizePx: number }

/** Later ones are drawn over earlier ones: what moves matters most. */
const DRAW_ORDER = [3, 2, 1, 4, 0]

export function buildSprites(fleet: Fleet, view: View, selected: number | undefined, reuse?: Sprites): Sprites {
  const clusters = view.zoom < CLUSTER_ZOOM_MAX ? cluster(fleet, view) : undefined
  const single = clusters?.single ?? fleet.seen
  const size = crowdedSizePx(fleet, single, view)
  const capacity = (fleet.count + 1 + 6 * (clusters?.list.length ?? 0)) * SPRITE_FLOATS
  const data = reuse !== undefined && reuse.data.length >= capacity ? reuse.data : new Float32Array(capacity * 1.25)
  const writer = new Writer(data)
  for (const state of DRAW_ORDER) {
    for (let index = 0; index < fleet.count; index++) {
      if (fleet.state[index] !== state || fleet.seen[index] !== 1) continue
      if (single[index] !== 1 || index === selected) continue
      pushVehicle(writer, fleet, index, size)
    }
  }
  for (const item of clusters?.list ?? []) pushCluster(writer, item)
  if (selected !== undefined && fleet.seen[selected] === 1) {
    writer.push(fleet.x[selected] ?? 0, fleet.y[selected] ?? 0, 0, 0, size * 2.1, 0, CELL.halo)
    pushVehicle(writer, fleet, selected, size)
  }
  return { data, count: writer.count, clusters: clusters?.list ?? [], single, sizePx: size }
}

function pushVehicle(writer: Writer, fleet: Fleet, index: number, size: number): void {
  const state = fleet.state[index] ?? 3
  const heading = fleet.heading[index] ?? -1
  const cell = state === 0 && heading < 0 ? CELL.moving : state
  const angle = state === 0 && heading >= 0 ? (heading * Math.PI) / 180 : 0
  writer.push(fleet.x[index] ?? 0, fleet.y[index] ?? 0, 0, 0, size, angle, cell)
}

/** Icons shrink a little when far, so that dense places stay readable. */
export const iconSizePx = (zoom: number): number => Math.max(16, Math.min(26, 10 + zoom * 1.15))

/** Smallest icon that still shows its shape and heading, CSS pixels. */
const ICON_PX_MIN = 9
/** Share of the screen that icons may cover before they shrink. */
const COVER_MAX = 0.5

/** Thousands on one screen would cover each other: then icons shrink until half of it is free. */
function crowdedSizePx(fleet: Fleet, single: Uint8Array, view: View): number {
  let visible = 0
  for (let index = 0; index < fleet.count; index++) {
    const x = fleet.x[index] ?? 0
    const y = fleet.y[index] ?? 0
    const isInside = x >= view.west && x <= view.east && y >= view.north && y <= view.south
    if (isInside && single[index] === 1 && fleet.seen[index] === 1) visible += 1
  }
  const scale = worldPx(view.zoom)
  const areaPx = (view.east - view.west) * (view.south - view.north) * scale * scale
  const roomPx = Math.sqrt((areaPx * COVER_MAX) / Math.max(visible, 1))
  return Math.min(iconSizePx(view.zoom), Math.max(ICON_PX_MIN, roomPx))
}

function cluster(fleet: Fleet, view: View): { list: Cluster[]; single: Uint8Array } {
  // Cells belong to whole zooms, so that clusters stand still while one pans or zooms a little.
  const cells = worldPx(Math.floor(view.zoom)) / CLUSTER_CELL_PX
  const byCell = new Map<number, Cluster>()
  const keys = new Float64Array(fleet.count)
  for (let index = 0; index < fleet.count; index++) {
    if (fleet.seen[index] !== 1) continue
    const x = fleet.x[index] ?? 0
    const y = fleet.y[index] ?? 0
    const key = Math.floor(x * cells) * 0x1000000 + Math.floor(y * cells)
    keys[index] = key
    const known = byCell.get(key)
    if (known === undefined) {
      byCell.set(key, { x, y, count: 1, sizePx: 0, west: x, east: x, north: y, south: y })
    } else {
      known.x += x
      known.y += y
      known.count += 1
      known.west = Math.min(known.west, x)
      known.east = Math.max(known.east, x)
      known.north = Math.min(known.north, y)
      known.south = Math.max(known.south, y)
    }
  }
  const single = new Uint8Array(fleet.count)
  for (let index = 0; index < fleet.count; index++) {
    const count = byCell.get(keys[index] ?? 0)?.count ?? 0
    if (fleet.seen[index] === 1 && count < CLUSTER_COUNT_MIN) single[index] = 1
  }
  const list: Cluster[] = []
  for (const item of byCell.values()) {
    if (item.count < CLUSTER_COUNT_MIN) continue
    item.x /= item.count
    item.y /= item.count
    list.push(item)
  }
  return { list: merged(list, worldPx(view.zoom)), single }
}

const bubblePx = (count: number): number => Math.min(60, 26 + 7 * Math.log2(count / 4))

/** A crowd on the edge of two cells is one bubble: those that would cover each other's number become one. */
function merged(clusters: Cluster[], scale: number): Cluster[] {
  const kept: Cluster[] = []
  for (const item of clusters.sort((a, b) => b.count - a.count)) {
    item.sizePx = bubblePx(item.count)
    const near = kept.find((other) => {
      return Math.hypot(other.x - item.x, other.y - item.y) * scale < (other.sizePx + item.sizePx) / 2.8
    })
    if (near === undefined) {
      kept.push(item)
      continue
    }
    const total = near.count + item.count
    near.x = (near.x * near.count + item.x * item.count) / total
    near.y = (near.y * near.count + item.y * item.count) / total
    near.count = total
    near.sizePx = bubblePx(total)
    near.west = Math.min(near.west, item.west)
    near.east = Math.max(near.east, item.east)
    near.north = Math.min(near.north, item.north)
    near.south = Math.max(near.south, item.south)
  }
  return kept.reverse()
}

/** Advance of a character in cluster numbers, in px. */
const CHAR_PX = 7
const CHAR_SIZE_PX = 16

function pushCluster(writer: Writer, item: Cluster): void {
  writer.push(item.x, item.y, 0, 0, item.sizePx, 0, CELL.cluster)
  const text = clusterText(item.count)
  const advance = (character: string) => (character === '.' ? CHAR_PX * 0.55 : CHAR_PX)
  const characters = Array.from(text)
  let at = -characters.reduce((sum, character) => sum + advance(character), 0) / 2
  for (const character of characters) {
    const cell = character === '.' ? CELL.dot : character === 'k' ? CELL.kilo : CELL.digit + Number(character)
    writer.push(item.x, item.y, at + advance(character) / 2, 0, CHAR_SIZE_PX, 0, cell)
    at += advance(character)
  }
}

/** 950 -> "950", 1,240 -> "1.2k", 12,400 -> "12k" */
export function clusterText(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 9_950) return `${(count / 1_000).toFixed(1).replace(/\.0$/, '')}k`
  return `${Math.round(count / 1_000)}k`
}

class Writer {
  count = 0
  private readonly data: Float32Array
  constructor(data: Float32Array) {
    this.data = data
  }
  push(x: number, y: number, dx: number, dy: number, size: number, angle: number, cell: number): void {
    const { data } = this
    let at = this.count * SPRITE_FLOATS
    // A single-precision mercator is 2 m coarse: the rest goes beside it.
    const coarseX = Math.fround(x)
    const coarseY = Math.fround(y)
    data[at++] = coarseX
    data[at++] = coarseY
    data[at++] = x - coarseX
    data[at++] = y - coarseY
    data[at++] = dx
    data[at++] = dy
    data[at++] = size
    data[at++] = angle
    data[at] = cell
    this.count += 1
  }
}

export type Picked = { kind: 'vehicle'; index: number } | { kind: 'cluster'; cluster: Cluster }

/** What is under a point of the map (mercator): a cluster's disc, else the nearest vehicle within `reachPx`. */
export function pick(fleet: Fleet, sprites: Sprites, zoom: number, x: number, y: number, reachPx: number) {
  const scale = worldPx(zoom)
  for (let at = sprites.clusters.length - 1; at >= 0; at--) {
    const item = sprites.clusters[at]
    if (item === undefined) continue
    if (Math.hypot((item.x - x) * scale, (item.y - y) * scale) <= item.sizePx / 2) {
      return { kind: 'cluster', cluster: item } satisfies Picked
    }
  }
  let nearest = -1
  let distancePx = reachPx
  for (let index = 0; index < fleet.count; index++) {
    if (fleet.seen[index] !== 1 || sprites.single[index] !== 1) continue
    const dx = ((fleet.x[index] ?? 0) - x) * scale
    if (dx > distancePx || dx < -distancePx) continue
    const distance = Math.hypot(dx, ((fleet.y[index] ?? 0) - y) * scale)
    if (distance < distancePx) {
      nearest = index
      distancePx = distance
    }
  }
  return nearest < 0 ? undefined : ({ kind: 'vehicle', index: nearest } satisfies Picked)
}

/** Names of states for people, in the order of the legend. */
export const STATE_LABEL: Record<(typeof STATES)[number], string> = {
  driving: 'Driving',
  idling: 'Idling',
  stopped: 'Stopped',
  offline: 'Offline',
  down: 'Down',
}
