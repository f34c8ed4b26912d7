/** The thin adapter to uPlot: values over time, one line each. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { createEffect, onCleanup, onMount } from 'solid-js'

/** `color` names a CSS variable. */
export type Line = { name: string; color: string; values: number[] }

const HEIGHT = 150

export function LineChart(props: {
  label: string
  seconds: number[]
  lines: Line[]
  format: (value: number) => string
  theme: string
}) {
  let holder: HTMLDivElement | undefined
  let chart: uPlot | undefined
  const data = (): uPlot.AlignedData => [props.seconds, ...props.lines.map((line) => line.values)]

  const draw = () => {
    if (holder === undefined) return
    chart?.destroy()
    const css = getComputedStyle(holder)
    const color = (name: string) => css.getPropertyValue(name).trim()
    const axis: uPlot.Axis = {
      stroke: color('--text-3'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    chart = new uPlot(
      {
        width: holder.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        padding: [8, 6, 0, 0],
        scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.15)] } },
        axes: [
          { ...axis, size: 22, space: 80, grid: { show: false }, values: [[60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] }, // prettier-ignore
          { ...axis, size: 52, space: 36, values: (_chart, ticks) => ticks.map((tick) => props.format(tick)) },
        ],
        series: [
          {},
          ...props.lines.map((line) => ({ stroke: color(line.color), width: 1.75, points: { show: false } })),
        ],
      },
      data(),
      holder,
    )
  }
  onMount(() => {
    if (holder === undefined) return
    const resized = new ResizeObserver(() => chart?.setSize({ width: holder?.clientWidth ?? 0, height: HEIGHT }))
    resized.observe(holder)
    onCleanup(() => {
      resized.disconnect()
      chart?.destroy()
    })
  })
  createEffect((drawnFor: string | undefined) => {
    const now = data()
    if (drawnFor !== props.theme) queueMicrotask(draw)
    else chart?.setData(now)
    return props.theme
  })
  return <div class="chart" ref={(element) => (holder = element)} role="img" aria-label={props.label} />
}
