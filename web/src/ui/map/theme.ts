/** Colours of the map, which CSS cannot reach. */
export type Theme = 'dark' | 'light'

export type MapColors = {
  water: string
  land: string
  border: string
  line: string
  label: string
  labelHalo: string
  outline: string
  text: string
  bubble: string
  bubbleRing: string
  accent: string
  states: { driving: string; idling: string; stopped: string; offline: string; down: string }
}

export const MAP_COLORS: Record<Theme, MapColors> = {
  dark: {
    water: '#0c1116',
    land: '#151c23',
    border: '#2b3742',
    line: '#1a232c',
    label: '#5d6b78',
    labelHalo: '#11171d',
    outline: '#0b1014',
    text: '#eef3f6',
    bubble: '#22303b',
    bubbleRing: '#4b6172',
    accent: '#6cb6ff',
    states: { driving: '#35c9a3', idling: '#f0b44c', stopped: '#8b9db0', offline: '#64717e', down: '#f2616b' },
  },
  light: {
    water: '#d9e2e8',
    land: '#f4f3ef',
    border: '#c3cacf',
    line: '#e2e4e2',
    label: '#8a949c',
    labelHalo: '#f8f7f4',
    outline: '#ffffff',
    text: '#1d2731',
    bubble: '#ffffff',
    bubbleRing: '#9fb0bd',
    accent: '#1769d2',
    states: { driving: '#0d9474', idling: '#cf8206', stopped: '#5c6f83', offline: '#8c98a3', down: '#d32f3f' },
  },
}
