/** Rejected records: by topic and reason, each with its bytes, and the button that sends them again. */
import { For, Show, createSignal } from 'solid-js'
import {
  ApiError,
  listDeadLetters,
  replayDeadLetters,
  summarizeDeadLetters,
  type DeadLetterGroup,
} from '../../api/client'
import { relativeTime, words } from '../../lib/time'
import { formatCount } from '../../lib/units'
import { live } from '../../live'
import { createPager } from '../pager'
import { createPoll } from './poll'
import { Card } from './System'

const SUMMARY_MS = 10_000
/** Letters that one press of the button sends. */
const REPLAY_MAX = 1_000

export function DeadLetters() {
  const summary = createPoll(SUMMARY_MS, summarizeDeadLetters)
  const [chosen, setChosen] = createSignal<DeadLetterGroup>()
  const [said, setSaid] = createSignal('')
  const [isBusy, setIsBusy] = createSignal(false)
  const waiting = (group: DeadLetterGroup) => group.count - group.replayed - group.uncertain

  const replay = async (group: DeadLetterGroup) => {
    if (isBusy()) return
    setIsBusy(true)
    try {
      const done = await replayDeadLetters({ topic: group.topic, reason: group.reason, limit: REPLAY_MAX })
      const rest = done.remaining > 0 ? `, ${formatCount(done.remaining)} remain` : ''
      const unsure = done.uncertain > 0 ? `, ${formatCount(done.uncertain)} with unknown outcome` : ''
      setSaid(`${formatCount(done.replayed)} records sent again to ${group.topic}${unsure}${rest}.`)
    } catch (failure) {
      setSaid(failure instanceof ApiError ? failure.message : 'Something went wrong.')
    }
    setIsBusy(false)
    summary.again()
  }
  return (
    <div class="cards">
      <Card title="Dead letters" note="Rejected records; none is lost" isWide>
        <p class="said" role="status" data-testid="replay-said">
          {said()}
        </p>
        <Show when={summary.error()}>{(text) => <p class="is-muted">The store does not answer: {text()}</p>}</Show>
        <Show
          when={(summary.value()?.items.length ?? 0) > 0}
          fallback={<p class="is-muted">No record was ever rejected.</p>}
        >
          <div class="scroll">
            <table data-testid="dead-letters">
              <thead>
                <tr>
                  <th scope="col">Reason</th>
                  <th scope="col">Topic</th>
                  <th scope="col" class="is-number">
                    Records
                  </th>
                  <th scope="col" class="is-number">
                    Sent again
                  </th>
                  <th scope="col">Newest</th>
                  <th scope="col">
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                <For each={summary.value()?.items}>
                  {(group) => (
                    <tr>
                      <td>
                        <div class="cell-title">{words(group.reason)}</div>
                        <div class="is-muted is-detail">{group.last_detail}</div>
                      </td>
                      <td>{group.topic}</td>
                      <td class="is-number">{formatCount(group.count)}</td>
                      <td class="is-number">{formatCount(group.replayed)}</td>
                      <td>{group.last_at == null ? '–' : relativeTime(Date.parse(group.last_at), live.nowMs())}</td>
                      <td class="actions">
                        <button type="button" class="button" onClick={() => setChosen(group)}>
                          Show
                        </button>
                        <Show when={summary.value()?.can_replay === true}>
                          <button
                            type="button"
                            class="button"
                            data-testid={`replay-${group.reason}`}
                            disabled={isBusy() || waiting(group) === 0}
                            onClick={() => void replay(group)}
                          >
                            Replay {formatCount(waiting(group))}
                          </button>
                        </Show>
                      </td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
          </div>
        </Show>
        <Show when={chosen()} keyed>
          {(group) => <Letters group={group} onClose={() => setChosen(undefined)} />}
        </Show>
      </Card>
    </div>
  )
}

function Letters(props: { group: DeadLetterGroup; onClose: () => void }) {
  const pager = createPager(
    () => ({ topic: props.group.topic, reason: props.group.reason, limit: 20 }),
    listDeadLetters,
  )
  return (
    <section class="letters" aria-label={`Records rejected: ${words(props.group.reason)}`} data-testid="letters">
      <header class="card-head">
        <h3>{words(props.group.reason)}</h3>
        <button type="button" class="button" onClick={() => props.onClose()}>
          Close
        </button>
      </header>
      <ol>
        <For each={pager.items()}>
          {(letter) => (
            <li>
              <p>
                <span class="is-muted">
                  Partition {letter.partition}, offset {letter.offset}, {formatCount(letter.payload_bytes)} bytes
                </span>{' '}
                <Show when={letter.replayed !== 'no'}>
                  <span class="chip">{letter.replayed === 'yes' ? 'Sent again' : 'Outcome unknown'}</span>
                </Show>
              </p>
              <p>{letter.detail}</p>
              <pre>{letter.payload}</pre>
            </li>
          )}
        </For>
      </ol>
      <Show when={pager.error()}>{(text) => <p role="alert">{text()}</p>}</Show>
      <Show when={pager.hasMore()}>
        <button type="button" class="button" onClick={() => pager.loadMore()}>
          Load more
        </button>
      </Show>
    </section>
  )
}
