/** The thin adapter to uPlot: speed over time, small. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { createEffect, onCleanup, onMount } from 'solid-js'

export type SpeedSeries = { seconds: number[]; speeds: number[] }

export function SpeedChart(props: { series: SpeedSeries; unit: string; theme: string }) {
  let holder: HTMLDivElement | undefined
  let chart: uPlot | undefined

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
        height: 120,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        padding: [8, 6, 0, 0],
        scales: { y: { range: (_chart, _min, max) => [0, Math.max(20, max * 1.1)] } },
        axes: [
          { ...axis, size: 22, space: 70, grid: { show: false }, values: [[3600 * 24, '{D} {MMM}', null, null, null, null, null, null, 1], [60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] }, // prettier-ignore
          { ...axis, size: 34, space: 36 },
        ],
        series: [
          {},
          {
            stroke: color('--accent'),
            width: 1.75,
            fill: color('--accent-soft'),
            points: { show: false },
            spanGaps: false,
          },
        ],
      },
      [props.series.seconds, props.series.speeds],
      holder,
    )
  }
  onMount(() => {
    if (holder === undefined) return
    const resized = new ResizeObserver(() => chart?.setSize({ width: holder?.clientWidth ?? 0, height: 120 }))
    resized.observe(holder)
    onCleanup(() => {
      resized.disconnect()
      chart?.destroy()
    })
  })
  createEffect((drawnFor: string | undefined) => {
    const { seconds, speeds } = props.series
    if (drawnFor !== props.theme) queueMicrotask(draw)
    else chart?.setData([seconds, speeds])
    return props.theme
  })
  return (
    <div
      class="chart"
      ref={(element) => (holder = element)}
      role="img"
      aria-label={`Speed over the last minutes, in ${props.unit}`}
    />
  )
}
