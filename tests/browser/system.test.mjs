// The System page of a running system in a real Chromium: what is on the screen is what SQL and the metrics say, and
// dead letters are sent again exactly once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { produce } from './produce.mjs'
import { openBrowser, startTacho } from './system.mjs'

let tacho
let browser

before(async () => {
  tacho = await startTacho(['--demo', '--num-vehicles', '50'])
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await tacho?.stop()
})

async function until(what, probe, patience = 40_000) {
  const deadline = Date.now() + patience
  for (;;) {
    const found = await probe()
    if (found) return found
    assert.ok(Date.now() < deadline, `waited for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

const metrics = async () => (await fetch(`${tacho.http}/metrics`)).text()
const metric = (text, name) => Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1])
const digits = (text) => Number(text.replace(/[^0-9.]/g, ''))

test('figures, tables and parts are those of the metrics and of SQL', async () => {
  const { page, problems } = await browser.open(`${tacho.http}/system`)
  await until('readiness', async () => (await page.getByTestId('readiness').innerText()) === 'Ready')
  // What the host and the store hold is looked up every 10 s: a system that has just started tells it a little later.
  for (const name of ['tacho_store_parts{table="telemetry"}', 'tacho_disk_free_bytes', 'tacho_log_bytes{topic="fleet.prod.telemetry.raw"}']) {
    await until(name, async () => metric(await metrics(), name) > 0)
  }
  const text = await metrics()
  assert.equal(metric(text, 'tacho_records_missing{stream="telemetry"}'), 0)
  assert.match(text, /tacho_epoch_phase_seconds_bucket\{le="0.001",phase="engine"\}|phase="engine",le="0.001"/)
  await until('the vehicles', async () => {
    const shown = digits(await page.getByTestId('tile-vehicles').innerText())
    return shown === 50 && shown === metric(await metrics(), 'tacho_state_vehicles')
  })
  const tables = await until('the tables', async () => {
    const rows = await page.getByTestId('tables').locator('tbody th').allInnerTexts()
    return rows.length > 5 ? rows : undefined
  })
  const known = tacho.sql("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
  assert.ok(tables.every((name) => known.split('\n').includes(name)))
  assert.deepEqual(problems, [])
  await page.close()
})

test('a dead letter is shown with its bytes and sent again once by a click', async () => {
  await produce(tacho.kafka, 'fleet.prod.telemetry.raw', ['no json at all', '{"vehicle_id": "ghost"}'])
  await until('the dead letters', async () => tacho.sql('SELECT count() FROM dead_letters') === '2')
  const { page, problems } = await browser.open(`${tacho.http}/system`)
  const row = page.getByTestId('dead-letters').getByRole('row', { name: /Not json/ })
  await row.getByRole('button', { name: 'Show' }).click()
  await page.getByTestId('letters').getByText('no json at all').waitFor()
  // By keyboard, and twice in a row: the second press finds nothing left.
  const button = page.getByTestId('replay-not_json')
  await button.focus()
  await page.keyboard.press('Enter')
  await until('the count', async () => /^1 records sent again/.test(await page.getByTestId('replay-said').innerText()))
  await until('the letter to come back', async () => tacho.sql('SELECT count() FROM dead_letters') === '3')
  assert.equal(tacho.sql("SELECT count() FROM dead_letters WHERE payload = 'no json at all'"), '2')
  assert.equal(tacho.sql('SELECT count() FROM dead_letter_replays FINAL WHERE done'), '1')
  const refused = await fetch(`${tacho.http}/api/v1/system/dead-letters/replay`, {
    method: 'POST',
    body: '{"reason":"no such word"}',
  })
  assert.equal(refused.status, 400)
  assert.deepEqual(problems, [])
  await page.close()
})

test('phone width and keyboard', async () => {
  const { page, problems } = await browser.open(`${tacho.http}/system`, { width: 390, height: 844 })
  await until('readiness', async () => (await page.getByTestId('readiness').count()) === 1)
  const isWider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  assert.equal(isWider, false, 'nothing is wider than the phone')
  await page.getByRole('link', { name: 'Skip to content' }).focus()
  await page.keyboard.press('Enter')
  assert.deepEqual(problems, [])
  await page.close()
})
