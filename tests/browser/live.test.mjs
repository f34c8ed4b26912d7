// The Live page of a running system in a real Chromium: what is on the screen is what SQL says.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openBrowser, startTacho } from './system.mjs'

const VEHICLES = 300
let tacho
let browser

before(async () => {
  tacho = await startTacho(['--demo', '--num-vehicles', String(VEHICLES)])
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await tacho?.stop()
})

/** Positions by vehicle, as the page holds them. */
const positions = (page) => page.evaluate(() => window.__tacho?.vehicles() ?? {})

async function until(what, probe, patience = 30_000) {
  const deadline = Date.now() + patience
  for (;;) {
    const found = await probe()
    if (found) return found
    assert.ok(Date.now() < deadline, `waited for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('all vehicles are on the map, they move, and the console is clean', async () => {
  const { page, problems } = await browser.open(tacho.http)
  await until('all vehicles', async () => Object.keys(await positions(page)).length === VEHICLES)
  const first = await positions(page)
  const moved = await until('vehicles to move', async () => {
    const now = await positions(page)
    const ids = Object.keys(now).filter((id) => JSON.stringify(now[id]) !== JSON.stringify(first[id]))
    return ids.length > VEHICLES / 10 ? ids.length : undefined
  })
  assert.ok(moved > VEHICLES / 10)
  assert.deepEqual(problems, [])
  await page.close()
})

test('the counts of the strip add up to the fleet', async () => {
  const { page, problems } = await browser.open(tacho.http)
  await until('the counts', async () => {
    const texts = await Promise.all(
      ['active', 'idle', 'stopped', 'offline'].map((kpi) => page.getByTestId(`figure-${kpi}`).innerText()),
    )
    const sum = texts.reduce((total, text) => total + Number(text.replace(/\D/g, '') || 0), 0)
    return sum === VEHICLES
  })
  // The strip shows the newest window; the store has its row, or the last one before it with the same counts.
  await until('the strip to equal SQL', async () => {
    const shown = await page.evaluate(() => window.__tacho?.figures())
    if (!shown?.window_end) return undefined
    const row = tacho.sql(
      `SELECT active_count, idle_count, stopped_count, offline_count FROM v_fleet_utilization
       WHERE window_end <= parseDateTime64BestEffort('${shown.window_end}', 3) ORDER BY window_end DESC LIMIT 1`,
    )
    const { active, idle, stopped, offline } = shown.utilization
    return row === [active, idle, stopped, offline].join('\t')
  })
  const stored = Number(tacho.sql('SELECT uniqExact(vehicle_id) FROM telemetry'))
  assert.equal(stored, VEHICLES)
  assert.deepEqual(problems, [])
  await page.close()
})

test('the lists of trips and alerts show what the store holds', async () => {
  const { page, problems } = await browser.open(`${tacho.http}/trips`)
  await until('trips', async () => (await page.locator('tbody tr').count()) > 0)
  await page.goto(`${tacho.http}/alerts`)
  await until('the alerts page', async () => (await page.locator('h1').count()) > 0)
  assert.deepEqual(problems, [])
  await page.close()
})

test('the alerts of a driver and of a span of time are those that SQL finds', async () => {
  const { page, problems } = await browser.open(`${tacho.http}/alerts`)
  // Alerts of a minute that is over, of the driver who has most of them; more of it may come while it is looked at.
  const [driver, from, to] = await until('alerts of a driver', async () => {
    const row = tacho.sql(
      `SELECT driver_id, formatDateTime(toStartOfMinute(ts) AS minute, '%Y-%m-%dT%H:%i:00.000Z', 'UTC'),
       formatDateTime(minute + 60, '%Y-%m-%dT%H:%i:00.000Z', 'UTC') FROM v_alerts
       WHERE driver_id != '' AND ts < toStartOfMinute(now()) GROUP BY driver_id, minute ORDER BY count() DESC, minute, driver_id LIMIT 1`,
    )
    return row === '' ? undefined : row.split('\t')
  }, 180_000)
  const count = () => {
    const span = `ts >= parseDateTime64BestEffort('${from}', 3) AND ts < parseDateTime64BestEffort('${to}', 3)`
    return Number(tacho.sql(`SELECT count() FROM v_alerts WHERE driver_id = '${driver}' AND ${span}`))
  }
  const rows = page.getByTestId('alerts').locator('tbody tr')
  const drivers = () => rows.locator('td:last-child').allInnerTexts()
  await page.getByLabel('Driver').fill(driver)
  await page.getByLabel('Driver').press('Enter')
  await until('the driver alone', async () => {
    const shown = await drivers()
    return shown.length > 0 && shown.every((text) => text === driver)
  })
  await page.getByLabel('Began').selectOption('between')
  const local = (instant) =>
    page.evaluate((text) => {
      const at = new Date(text)
      return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
    }, instant)
  await page.getByLabel('From').fill(await local(from))
  await page.getByLabel('Before').fill(await local(to))
  await page.getByLabel('Before').blur()
  await until('the address of the minute', () => new URL(page.url()).searchParams.get('until') === to)
  assert.equal(new URL(page.url()).searchParams.get('from'), from)
  // The address holds the filters, so that a list can be shared.
  await until('the minute alone', async () => {
    await page.reload()
    await until('a row', async () => (await rows.count()) > 0)
    return (await drivers()).length === count()
  })
  await page.getByLabel('From').fill('2001-01-01T00:00')
  await page.getByLabel('Before').fill('2001-01-02T00:00')
  await page.getByLabel('Before').blur()
  await until('nothing of 2001', async () => (await page.getByTestId('empty').count()) === 1)
  await page.getByLabel('Began').selectOption('1h')
  await until('the last hour', async () => (await drivers()).length >= count())
  assert.deepEqual(problems, [])
  await page.close()
})
