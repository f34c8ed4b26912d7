/** Web Mercator within 0..1, x east, y south. */

export const mercatorX = (lon: number): number => lon / 360 + 0.5

export function mercatorY(lat: number): number {
  const sin = Math.sin((Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180)
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)
}

export const lonOf = (x: number): number => (x - 0.5) * 360

export const latOf = (y: number): number => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI

/** CSS pixels of the whole world at a zoom. */
export const worldPx = (zoom: number): number => 512 * 2 ** zoom
