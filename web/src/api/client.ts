/** The one way to the API: typed by the generated description, errors mapped to one class. */
import type { components, paths } from './generated/schema'

export type Vehicle = components['schemas']['VehicleView']
export type VehicleDetail = components['schemas']['VehicleDetail']
export type Alert = components['schemas']['AlertView']
export type Trip = components['schemas']['TripView']
export type FleetFigures = components['schemas']['FleetView']
export type SpeedHistory = components['schemas']['SpeedHistory']
export type System = components['schemas']['SystemView']
export type Storage = components['schemas']['StorageView']
export type DeadLetter = components['schemas']['DeadLetterView']
export type DeadLetterGroup = components['schemas']['DeadLetterGroup']
export type DeadLetterSummary = components['schemas']['DeadLetterSummary']
export type ReplayRequest = components['schemas']['ReplayRequest']
export type ReplayAnswer = components['schemas']['ReplayAnswer']

type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? Q : never
export type TripsQuery = NonNullable<QueryOf<'/api/v1/trips'>>
export type DeadLettersQuery = NonNullable<QueryOf<'/api/v1/system/dead-letters'>>
export type AlertsQuery = NonNullable<QueryOf<'/api/v1/alerts'>>

/** A problem that the server reported (RFC 9457), or the lack of an answer (status 0). */
export class ApiError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
  /** True when the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

async function get<T>(path: string, query: Record<string, string | number | null | undefined>, signal?: AbortSignal) {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(key, String(value))
  }
  const text = params.toString()
  return ask<T>(text === '' ? path : `${path}?${text}`, { signal: signal ?? null })
}

async function ask<T>(url: string, init: Omit<RequestInit, 'headers'>, type?: string): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, {
      ...init,
      headers: { accept: 'application/json', ...(type === undefined ? {} : { 'content-type': type }) },
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'The server cannot be reached.')
  }
  if (!response.ok) throw new ApiError(response.status, await problemText(response))
  return (await response.json()) as T
}

async function problemText(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Partial<components['schemas']['Problem']>
    return problem.detail ?? problem.title ?? response.statusText
  } catch {
    return response.statusText
  }
}

export type Page<T> = { items: T[]; next_cursor?: string | null }

export const listTrips = (query: TripsQuery, signal?: AbortSignal) => get<Page<Trip>>('/api/v1/trips', query, signal)
export const listAlerts = (query: AlertsQuery, signal?: AbortSignal) =>
  get<Page<Alert>>('/api/v1/alerts', query, signal)
export const getVehicle = (id: string, signal?: AbortSignal) =>
  get<VehicleDetail>(`/api/v1/vehicles/${encodeURIComponent(id)}`, {}, signal)
export const getSpeed = (id: string, minutes: number, signal?: AbortSignal) =>
  get<SpeedHistory>(`/api/v1/vehicles/${encodeURIComponent(id)}/speed`, { minutes }, signal)

export const getSystem = (signal?: AbortSignal) => get<System>('/api/v1/system', {}, signal)
export const getStorage = (signal?: AbortSignal) => get<Storage>('/api/v1/system/storage', {}, signal)
export const summarizeDeadLetters = (signal?: AbortSignal) =>
  get<DeadLetterSummary>('/api/v1/system/dead-letters/summary', {}, signal)
export const listDeadLetters = (query: DeadLettersQuery, signal?: AbortSignal) =>
  get<Page<DeadLetter>>('/api/v1/system/dead-letters', query, signal)
export const replayDeadLetters = (request: ReplayRequest) =>
  ask<ReplayAnswer>(
    '/api/v1/system/dead-letters/replay',
    { method: 'POST', body: JSON.stringify(request) },
    'application/json',
  )
