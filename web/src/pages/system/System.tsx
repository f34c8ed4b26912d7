/** How the system does: throughput, lag, latency, queues, snapshots, dead letters, disk. */
import { For, Show, createMemo, createSignal, type JSX } from 'solid-js'
import { getStorage, getSystem, type System } from '../../api/client'
import { formatBytes, formatSeconds, toSeries, withSample, type Sample } from '../../lib/system'
import { words } from '../../lib/time'
import { formatCount, formatShort } from '../../lib/units'
import { LineChart } from '../../ui/LineChart'
import { theme } from '../../ui/preferences'
import { DeadLetters } from './DeadLetters'
import { createPoll } from './poll'

const SYSTEM_MS = 2_000
const STORAGE_MS = 10_000

const total = (system: System, of: (stream: System['streams'][number]) => number) =>
  system.streams.reduce((sum, stream) => sum + of(stream), 0)

const lagEventS = (system: System) => system.partitions.reduce((most, lag) => Math.max(most, lag.lag_event_s), 0)

export default function SystemPage() {
  const [samples, setSamples] = createSignal<Sample[]>([])
  const system = createPoll(SYSTEM_MS, getSystem, (answer) => {
    const sample: Sample = {
      seconds: Date.parse(answer.server_time) / 1_000,
      received: total(answer, (stream) => stream.received),
      stored: answer.store_rows,
      lagRecords: answer.lag_records,
      lagEventS: lagEventS(answer),
    }
    setSamples((known) => withSample(known, sample))
  })
  const series = createMemo(() => toSeries(samples()))
  return (
    <div class="page system" data-testid="system">
      <div class="page-head">
        <h1>System</h1>
        <Show when={system.value()}>{(now) => <Readiness system={now()} />}</Show>
      </div>
      <Show when={system.error()}>
        {(text) => (
          <div class="notice is-error" role="alert">
            <strong>The figures could not be loaded</strong>
            <p>{text()}</p>
            <button type="button" class="button" onClick={() => system.again()}>
              Try again
            </button>
          </div>
        )}
      </Show>
      <Show when={system.value()}>
        {(now) => (
          <>
            <Tiles system={now()} />
            <div class="cards">
              <Card title="Throughput" note="Records read and rows stored, per second">
                <Legend
                  entries={[
                    { name: 'Read', color: '--accent' },
                    { name: 'Stored', color: '--driving' },
                  ]}
                />
                <LineChart
                  label="Records read and rows stored per second over the last minutes"
                  seconds={series().seconds}
                  lines={[
                    { name: 'Read', color: '--accent', values: series().received },
                    { name: 'Stored', color: '--driving', values: series().stored },
                  ]}
                  format={formatShort}
                  theme={theme()}
                />
              </Card>
              <Card title="Lag" note="Records in the log that no epoch has taken">
                <LineChart
                  label="Records behind over the last minutes"
                  seconds={series().seconds}
                  lines={[{ name: 'Records', color: '--s3', values: series().lagRecords }]}
                  format={formatShort}
                  theme={theme()}
                />
              </Card>
              <Queues system={now()} />
              <Durations system={now()} />
              <Streams system={now()} />
              <Snapshots system={now()} />
              <Partitions system={now()} />
            </div>
          </>
        )}
      </Show>
      <DeadLetters />
      <Storage />
    </div>
  )
}

function Readiness(props: { system: System }) {
  return (
    <span class={`chip ${props.system.ready ? 'is-good' : 'is-bad'}`} role="status" data-testid="readiness">
      {props.system.ready ? 'Ready' : `Not ready: ${props.system.not_ready_because.join('; ')}`}
    </span>
  )
}

function Tiles(props: { system: System }) {
  const missing = () => total(props.system, (stream) => Math.abs(stream.missing))
  const latency = () => props.system.latencies.find((known) => known.name === 'log_to_live')
  return (
    <dl class="tiles">
      <Tile label="Events/s" value={formatShort(props.system.events_per_s)} id="events-per-s" />
      <Tile label="Lag" value={`${formatShort(props.system.lag_records)} records`} id="lag" />
      <Tile label="Lag of event time" value={formatSeconds(lagEventS(props.system))} id="lag-event" />
      <Tile label="Log to live, p99" value={`≤ ${formatSeconds(latency()?.p99_s)}`} id="latency" />
      <Tile label="Vehicles in state" value={formatCount(props.system.vehicles)} id="vehicles" />
      <Tile label="Unaccounted records" value={formatCount(missing())} id="missing" isBad={missing() > 0} />
    </dl>
  )
}

function Tile(props: { label: string; value: string; id: string; isBad?: boolean }) {
  return (
    <div class="tile">
      <dt>{props.label}</dt>
      <dd classList={{ 'is-bad-text': props.isBad === true }} data-testid={`tile-${props.id}`}>
        {props.value}
      </dd>
    </div>
  )
}

export function Card(props: { title: string; note?: string; isWide?: boolean; children: JSX.Element }) {
  return (
    <section class="card" classList={{ 'card-wide': props.isWide === true }} aria-label={props.title}>
      <header class="card-head">
        <h2>{props.title}</h2>
        <Show when={props.note}>{(note) => <p class="is-muted">{note()}</p>}</Show>
      </header>
      {props.children}
    </section>
  )
}

function Legend(props: { entries: { name: string; color: string }[] }) {
  return (
    <p class="legend">
      <For each={props.entries}>
        {(entry) => (
          <span>
            <i style={{ background: `var(${entry.color})` }} /> {entry.name}
          </span>
        )}
      </For>
    </p>
  )
}

function Queues(props: { system: System }) {
  const shown = (queue: System['queues'][number], value: number) =>
    queue.name.endsWith('_bytes') ? formatBytes(value) : formatCount(value)
  return (
    <Card title="Queues" note="What waits, against its limit">
      <ul class="bars">
        <For each={props.system.queues}>
          {(queue) => (
            <li>
              <span>{words(queue.name.replace(/_bytes$/, ''))}</span>
              <span class="is-muted">
                {shown(queue, queue.used)} of {shown(queue, queue.limit)}
              </span>
              <meter min={0} max={Math.max(1, queue.limit)} high={queue.limit * 0.8} value={queue.used}>
                {queue.used}
              </meter>
            </li>
          )}
        </For>
      </ul>
    </Card>
  )
}

function Durations(props: { system: System }) {
  const rows = () => [
    ...props.system.latencies,
    ...props.system.phases.map((phase) => ({ ...phase, name: `epoch: ${phase.name}` })),
  ]
  return (
    <Card title="Latency" note="Upper bounds of buckets, since the start">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" class="is-number">
              Count
            </th>
            <th scope="col" class="is-number">
              p50 ≤
            </th>
            <th scope="col" class="is-number">
              p99 ≤
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={rows()}>
            {(row) => (
              <tr>
                <td>{words(row.name)}</td>
                <td class="is-number">{formatShort(row.count)}</td>
                <td class="is-number">{formatSeconds(row.p50_s)}</td>
                <td class="is-number">{formatSeconds(row.p99_s)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </Card>
  )
}

const OUTCOMES = ['received', 'applied', 'late', 'duplicate', 'rejected', 'buffered', 'own', 'missing'] as const

function Streams(props: { system: System }) {
  return (
    <Card title="Records by outcome" note="Received = all others together" isWide>
      <div class="scroll">
        <table data-testid="streams">
          <thead>
            <tr>
              <th scope="col">Stream</th>
              <For each={OUTCOMES}>
                {(outcome) => (
                  <th scope="col" class="is-number">
                    {words(outcome)}
                  </th>
                )}
              </For>
            </tr>
          </thead>
          <tbody>
            <For each={props.system.streams}>
              {(stream) => (
                <tr>
                  <th scope="row">{words(stream.name)}</th>
                  <For each={OUTCOMES}>{(outcome) => <td class="is-number">{formatCount(stream[outcome])}</td>}</For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </Card>
  )
}

function Snapshots(props: { system: System }) {
  const snapshot = () => props.system.snapshot
  return (
    <Card title="Checkpoints" note="The last round of snapshots">
      <dl class="facts">
        <dt>Epoch planned, published, in snapshots</dt>
        <dd>
          {formatCount(props.system.epoch_planned)}, {formatCount(props.system.epoch_published)},{' '}
          {formatCount(props.system.epoch_snapshot)}
        </dd>
        <dt>Size on disk</dt>
        <dd>{formatBytes(snapshot().bytes)}</dd>
        <dt>Took</dt>
        <dd>{formatSeconds(snapshot().duration_s)}</dd>
        <dt>Pause for a key group</dt>
        <dd>{formatSeconds(snapshot().pause_ms / 1_000)}</dd>
        <For each={Object.entries(snapshot().state_bytes)}>
          {([stage, bytes]) => (
            <>
              <dt>State of the {stage} stage</dt>
              <dd>{formatBytes(bytes)}</dd>
            </>
          )}
        </For>
      </dl>
    </Card>
  )
}

function Partitions(props: { system: System }) {
  const behind = () => props.system.partitions.filter((lag) => lag.lag_records > 0)
  return (
    <Card title="Partitions behind">
      <Show when={behind().length > 0} fallback={<p class="is-muted">All partitions are read to their end.</p>}>
        <ul class="pairs">
          <For each={behind().slice(0, 40)}>
            {(lag) => (
              <li>
                <span>
                  {words(lag.stream)} {lag.partition}
                </span>
                <span>
                  {formatCount(lag.lag_records)} records, {formatSeconds(lag.lag_event_s)}
                </span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </Card>
  )
}

function Storage() {
  const storage = createPoll(STORAGE_MS, getStorage)
  return (
    <Show when={storage.value()}>
      {(now) => (
        <div class="cards">
          <Card
            title="Store"
            note={`${formatBytes(now().disk_free_bytes ?? 0)} of ${formatBytes(now().disk_total_bytes ?? 0)} free on the disk`}
          >
            <SizeTable
              id="tables"
              first="Table"
              second="Parts"
              third="Rows"
              rows={now().tables.map((table) => [table.name, table.parts, table.rows, table.bytes])}
            />
          </Card>
          <Card title="Log" note="Topics of the embedded log">
            <SizeTable
              id="topics"
              first="Topic"
              second="Segments"
              third="Records"
              rows={now().topics.map((topic) => [topic.name, topic.segments, topic.records, topic.bytes])}
            />
          </Card>
        </div>
      )}
    </Show>
  )
}

function SizeTable(props: {
  id: string
  first: string
  second: string
  third: string
  rows: [string, number, number, number][]
}) {
  return (
    <div class="scroll">
      <table data-testid={props.id}>
        <thead>
          <tr>
            <th scope="col">{props.first}</th>
            <th scope="col" class="is-number">
              {props.second}
            </th>
            <th scope="col" class="is-number">
              {props.third}
            </th>
            <th scope="col" class="is-number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.rows}>
            {([name, count, records, bytes]) => (
              <tr>
                <th scope="row">{name}</th>
                <td class="is-number">{formatCount(count)}</td>
                <td class="is-number">{formatShort(records)}</td>
                <td class="is-number">{formatBytes(bytes)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  )
}
