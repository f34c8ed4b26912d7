/** The newest of every vehicle, in typed arrays by the stream's vehicle number. */
import { mercatorX, mercatorY } from './mercator'

/** Vehicle states by their number in the stream. */
export const STATES = ['driving', 'idling', 'stopped', 'offline', 'down'] as const
export type VehicleState = (typeof STATES)[number]

/** Added to the state of a vehicle in private mode, which has no position. */
const PRIVATE = 8
const WITH_POSITION = 1
const WITHOUT_POSITION = 2

/** `[number, at - as_of in ms, lat * 1e6, lon * 1e6, km/h * 10, heading or -1, state]` */
export type VehicleRow = [number, number, number, number, number, number, number]

export type VehicleNews = {
  session: string
  /** Milliseconds since the epoch; null before the first data. */
  as_of: number | null
  server_time: number
  names: [number, string][]
  vehicles: VehicleRow[]
}

export type LiveVehicle = {
  id: string
  index: number
  atMs: number
  lat: number
  lon: number
  speedKmph: number
  /** Degrees; none when unknown. */
  heading: number | null
  state: VehicleState
  /** In private mode: its position is not known. */
  isPrivate: boolean
}

export class Fleet {
  /** Vehicles with a name; those with a position have `seen` 1, those in private mode 2. */
  count = 0
  names: string[] = []
  seen = new Uint8Array(0)
  x = new Float64Array(0)
  y = new Float64Array(0)
  lat = new Float64Array(0)
  lon = new Float64Array(0)
  speedKmph = new Float32Array(0)
  heading = new Int16Array(0)
  state = new Uint8Array(0)
  atMs = new Float64Array(0)
  private session = ''
  private readonly byId = new Map<string, number>()

  /** Applies a snapshot or a delta. A snapshot of another server process replaces everything. */
  apply(news: VehicleNews, isSnapshot: boolean): void {
    if (news.session !== this.session) {
      if (!isSnapshot) return
      this.clear()
      this.session = news.session
    }
    for (const [index, id] of news.names) this.name(index, id)
    const baseMs = news.as_of ?? 0
    for (const row of news.vehicles) this.set(row, baseMs)
  }

  indexOf(id: string): number | undefined {
    return this.byId.get(id)
  }

  vehicle(index: number): LiveVehicle | undefined {
    const seen = this.seen[index] ?? 0
    if (seen === 0) return undefined
    const heading = this.heading[index] ?? -1
    return {
      id: this.names[index] ?? '',
      index,
      atMs: this.atMs[index] ?? 0,
      lat: this.lat[index] ?? 0,
      lon: this.lon[index] ?? 0,
      speedKmph: this.speedKmph[index] ?? 0,
      heading: heading < 0 ? null : heading,
      state: STATES[this.state[index] ?? 3] ?? 'offline',
      isPrivate: seen === WITHOUT_POSITION,
    }
  }

  /** Ids that hold `text`: the exact one first, then those that begin with it. */
  search(text: string, limit: number): string[] {
    const wanted = text.trim().toLowerCase()
    if (wanted === '') return []
    const ranked: string[][] = [[], [], []]
    for (const id of this.names) {
      const at = id.toLowerCase().indexOf(wanted)
      if (at < 0) continue
      const rank = at > 0 ? 2 : id.length === wanted.length ? 0 : 1
      const list = ranked[rank]
      if (list !== undefined && list.length < limit) list.push(id)
    }
    return ranked.flat().slice(0, limit)
  }

  /** Positions by id, for comparing with the store. */
  positions(): Record<string, { lat: number; lon: number; at: number; speed_kmph: number; state: VehicleState }> {
    const all: ReturnType<Fleet['positions']> = {}
    for (let index = 0; index < this.count; index++) {
      const vehicle = this.vehicle(index)
      if (vehicle === undefined || vehicle.isPrivate) continue
      const { id, lat, lon, atMs, speedKmph, state } = vehicle
      all[id] = { lat, lon, at: atMs, speed_kmph: Math.round(speedKmph * 10) / 10, state }
    }
    return all
  }

  private name(index: number, id: string): void {
    if (index >= this.seen.length) this.grow(index + 1)
    this.names[index] = id
    this.byId.set(id, index)
    this.count = Math.max(this.count, index + 1)
  }

  private set(row: VehicleRow, baseMs: number): void {
    const [index, age, lat, lon, speed, heading, state] = row
    if (index >= this.count) return
    this.seen[index] = state < PRIVATE ? WITH_POSITION : WITHOUT_POSITION
    this.atMs[index] = baseMs + age
    this.lat[index] = lat / 1e6
    this.lon[index] = lon / 1e6
    this.x[index] = mercatorX(lon / 1e6)
    this.y[index] = mercatorY(lat / 1e6)
    this.speedKmph[index] = speed / 10
    this.heading[index] = heading
    this.state[index] = state % PRIVATE
  }

  private grow(least: number): void {
    const size = Math.max(least, 2 * this.seen.length, 256)
    this.seen = copied(new Uint8Array(size), this.seen)
    this.x = copied(new Float64Array(size), this.x)
    this.y = copied(new Float64Array(size), this.y)
    this.lat = copied(new Float64Array(size), this.lat)
    this.lon = copied(new Float64Array(size), this.lon)
    this.speedKmph = copied(new Float32Array(size), this.speedKmph)
    this.heading = copied(new Int16Array(size), this.heading)
    this.state = copied(new Uint8Array(size), this.state)
    this.atMs = copied(new Float64Array(size), this.atMs)
  }

  private clear(): void {
    this.count = 0
    this.names = []
    this.byId.clear()
    this.seen.fill(0)
  }
}

function copied<T extends { set(from: ArrayLike<number>): void }>(to: T, from: ArrayLike<number>): T {
  to.set(from)
  return to
}

export type Bounds = { west: number; south: number; east: number; north: number }

/** The area that holds most of the fleet: the outer 2 % on each side do not stretch it. */
export function fleetBounds(fleet: Fleet): Bounds | undefined {
  const lats: number[] = []
  const lons: number[] = []
  for (let index = 0; index < fleet.count; index++) {
    if (fleet.seen[index] !== 1) continue
    lats.push(fleet.lat[index] ?? 0)
    lons.push(fleet.lon[index] ?? 0)
  }
  if (lats.length === 0) return undefined
  lats.sort((a, b) => a - b)
  lons.sort((a, b) => a - b)
  const at = (sorted: number[], share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? 0
  return { west: at(lons, 0.02), south: at(lats, 0.02), east: at(lons, 0.98), north: at(lats, 0.98) }
}
