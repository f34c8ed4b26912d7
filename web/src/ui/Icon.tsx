/** Line icons, 20 by 20, in the colour of the text. */
const PATHS = {
  brand: 'M4 14a6.4 6.4 0 1 1 12 0M10 13.4l3.6-5.2',
  live: 'M10 17.5s5.5-4.6 5.5-9a5.5 5.5 0 0 0-11 0c0 4.4 5.5 9 5.5 9ZM10 6.7a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  alerts: 'M10 3.5 17.5 16.5h-15L10 3.5ZM10 8.5v3.6M10 14.3v.1',
  trips:
    'M5 16.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM15 7.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 14.5h5.5a2.75 2.75 0 0 0 0-5.5h-5a2.75 2.75 0 0 1 0-5.5H13',
  system: 'M3 10.5h3l2-6 4 11 2-5h3',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4',
  close: 'M5 5l10 10M15 5 5 15',
  sun: 'M10 13.3a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6ZM10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M4.7 15.3l1.1-1.1M14.2 5.8l1.1-1.1',
  moon: 'M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3Z',
  follow:
    'M10 4v-2M10 18v-2M4 10h-2M18 10h-2M10 15.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM10 10.9a.9.9 0 1 0 0-1.8.9.9 0 0 0 0 1.8Z',
  fit: 'M3.5 7.5v-4h4M16.5 7.5v-4h-4M3.5 12.5v4h4M16.5 12.5v4h-4',
  up: 'M5 12.5l5-5 5 5',
} as const

export type IconName = keyof typeof PATHS

export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  )
}
