/** Draws the sprites of the map onto a canvas: a shape and a colour for each state. */
import { CELL } from '../../lib/sprites'
import type { MapColors } from './theme'

export const ATLAS_CELL_PX = 64
export const ATLAS_COLUMNS = 8
export const ATLAS_ROWS = 4

type Draw = (context: CanvasRenderingContext2D) => void

export function drawAtlas(colors: MapColors): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = ATLAS_COLUMNS * ATLAS_CELL_PX
  canvas.height = ATLAS_ROWS * ATLAS_CELL_PX
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  const put = (cell: number, draw: Draw) => {
    context.save()
    context.translate(
      ((cell % ATLAS_COLUMNS) + 0.5) * ATLAS_CELL_PX,
      (Math.floor(cell / ATLAS_COLUMNS) + 0.5) * ATLAS_CELL_PX,
    )
    draw(context)
    context.restore()
  }
  const { states, outline } = colors
  put(CELL.driving, shape(arrow, states.driving, outline))
  put(CELL.idling, shape(square, states.idling, outline))
  put(CELL.stopped, shape(disc(15), states.stopped, outline))
  put(CELL.offline, ring(states.offline, outline))
  put(CELL.down, shape(diamond, states.down, outline))
  put(CELL.moving, shape(disc(17), states.driving, outline))
  put(CELL.halo, halo(colors.accent))
  put(CELL.cluster, bubble(colors))
  for (let digit = 0; digit < 10; digit++) put(CELL.digit + digit, glyph(String(digit), colors.text))
  put(CELL.dot, glyph('.', colors.text))
  put(CELL.kilo, glyph('k', colors.text))
  return canvas
}

/** Filled, with a rim in the ground's colour that keeps neighbours apart. */
function shape(path: Draw, fill: string, outline: string): Draw {
  return (context) => {
    context.beginPath()
    path(context)
    context.lineJoin = 'round'
    context.lineWidth = 9
    context.strokeStyle = outline
    context.stroke()
    context.fillStyle = fill
    context.fill()
  }
}

const arrow: Draw = (context) => {
  context.moveTo(0, -25)
  context.lineTo(18, 20)
  context.lineTo(0, 11)
  context.lineTo(-18, 20)
  context.closePath()
}

const square: Draw = (context) => context.roundRect(-15, -15, 30, 30, 7)

const disc =
  (radius: number): Draw =>
  (context) =>
    context.arc(0, 0, radius, 0, 2 * Math.PI)

const diamond: Draw = (context) => {
  context.moveTo(0, -22)
  context.lineTo(22, 0)
  context.lineTo(0, 22)
  context.lineTo(-22, 0)
  context.closePath()
}

function ring(color: string, outline: string): Draw {
  return (context) => {
    context.beginPath()
    context.arc(0, 0, 13, 0, 2 * Math.PI)
    context.lineWidth = 14
    context.strokeStyle = outline
    context.stroke()
    context.lineWidth = 6
    context.strokeStyle = color
    context.stroke()
  }
}

function halo(color: string): Draw {
  return (context) => {
    context.beginPath()
    context.arc(0, 0, 24, 0, 2 * Math.PI)
    context.globalAlpha = 0.2
    context.fillStyle = color
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 3
    context.strokeStyle = color
    context.stroke()
  }
}

function bubble(colors: MapColors): Draw {
  return (context) => {
    context.beginPath()
    context.arc(0, 0, 28, 0, 2 * Math.PI)
    context.globalAlpha = 0.94
    context.fillStyle = colors.bubble
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 2.5
    context.strokeStyle = colors.bubbleRing
    context.stroke()
  }
}

function glyph(text: string, color: string): Draw {
  return (context) => {
    context.font = '600 46px system-ui, sans-serif'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillStyle = color
    context.fillText(text, 0, 3)
  }
}
