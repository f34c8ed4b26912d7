// Starts `tacho up` and a Chromium for the browser tests, and stops both.
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
]

/** Runs `tacho up` with more flags on a fresh data folder. */
export async function startTacho(flags) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tacho-browser-'))
  const args = ['up', '--data-dir', dataDir, '--http', '127.0.0.1:0', '--kafka', '127.0.0.1:0', ...flags]
  const child = spawn(process.env.TACHO_BIN, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: tmpdir() })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const lines = createInterface({ input: child.stdout })
  const ready = await Promise.race([
    new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line)))),
    exited.then((code) => {
      throw new Error(`tacho up left with ${code}`)
    }),
  ])
  return {
    ...ready,
    sql: (query) =>
      execFileSync(process.env.TACHO_BIN, ['sql', '--data-dir', dataDir, '--output', 'tsv', query], {
        encoding: 'utf8',
      }).trim(),
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** A page that remembers what went wrong in it. */
export async function openBrowser() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: CHROMIUM_FLAGS })
  return {
    close: () => browser.close(),
    /** CPU seconds of all its processes so far. */
    cpuSeconds: async () => {
      const session = await browser.newBrowserCDPSession()
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      await session.detach()
      return processInfo.reduce((sum, process) => sum + process.cpuTime, 0)
    },
    open: async (url, viewport = { width: 1440, height: 900 }) => {
      const page = await browser.newPage({ viewport })
      const problems = []
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      page.on('pageerror', (error) => problems.push(String(error)))
      await page.goto(url)
      return { page, problems }
    },
  }
}
