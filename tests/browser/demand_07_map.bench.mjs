// Demand 7 (docs/demands.md): moving vehicles on the map, with frame time and CPU recorded. A benchmark: it asserts that all
// of them are there and move, never how fast. Without a GPU (software GL) frames cost what they cost on the CPU.
import assert from 'node:assert/strict'
import { openBrowser, startTacho } from './system.mjs'

const COUNTS = (process.env.VEHICLES ?? '2000 10000').split(' ').map(Number)
const SECONDS = Number(process.env.SECONDS_PER_COUNT ?? 20)
/** How long vehicles may take to be on the map. */
const PATIENCE_MS = 180_000

/** Positions by vehicle, as the page holds them. */
const positions = (page) => page.evaluate(() => window.__tacho?.vehicles() ?? {})

async function untilAllAreThere(page, count) {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const found = Object.keys(await positions(page)).length
    if (found >= count) return
    assert.ok(Date.now() < deadline, `${found} of ${count} vehicles are on the map`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Milliseconds between the frames of some seconds. */
const frames = (page, seconds) =>
  page.evaluate(
    (seconds) =>
      new Promise((resolve) => {
        const times = []
        const end = performance.now() + seconds * 1000
        const next = (now) => {
          times.push(now)
          if (now < end) requestAnimationFrame(next)
          else resolve(times.slice(1).map((time, index) => time - times[index]))
        }
        requestAnimationFrame(next)
      }),
    seconds,
  )

async function measure(count) {
  const tacho = await startTacho(['--demo', '--num-vehicles', String(count)])
  const browser = await openBrowser()
  try {
    const { page, problems } = await browser.open(tacho.http)
    await untilAllAreThere(page, count)
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const taskSeconds = async () => {
      const { metrics } = await session.send('Performance.getMetrics')
      return metrics.find((metric) => metric.name === 'TaskDuration').value
    }
    const before = { at: performance.now(), positions: await positions(page) }
    const [cpu, task] = [await browser.cpuSeconds(), await taskSeconds()]
    const intervals = (await frames(page, SECONDS)).sort((a, b) => a - b)
    const seconds = (performance.now() - before.at) / 1000
    const spent = { cpu: (await browser.cpuSeconds()) - cpu, task: (await taskSeconds()) - task }
    const now = await positions(page)
    const moved = Object.keys(now).filter((id) => JSON.stringify(now[id]) !== JSON.stringify(before.positions[id]))
    assert.ok(moved.length > count / 10, `${moved.length} of ${count} moved`)
    assert.deepEqual(problems, [])
    const share = (part) => intervals[Math.min(intervals.length - 1, Math.floor(part * intervals.length))]
    const figures = [
      ['frame time, median', share(0.5), 'ms'],
      ['frame time, 95 %', share(0.95), 'ms'],
      ['frame time, longest', share(1), 'ms'],
      ['main thread', (spent.task / seconds) * 1000, 'ms a second'],
      ['CPU of the browser', (spent.cpu / seconds) * 100, '% of a core'],
      ['vehicles that moved', moved.length, 'vehicles'],
    ]
    for (const [figure, value, unit] of figures) {
      console.log(JSON.stringify({ load: `map, ${count} vehicles`, figure, value: Number(value.toFixed(1)), unit }))
    }
  } finally {
    await browser.close()
    await tacho.stop()
  }
}

for (const count of COUNTS) await measure(count)
