//! Which chunks make the next epoch, and what fleet time it runs at.

#[cfg(test)]
mod tests;

use crate::{
    chunk::Chunk,
    inbox::PartitionQueue,
    journal::{Manifest, PlanState, Range},
};
use std::time::Duration;
use tacho_model::Stream;

/// The settings that a plan depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanRules {
    pub events_max: usize,
    pub drift_ms_max: i64,
    pub lateness_ms: i64,
    pub idle_ms: i64,
    pub producers_return: Duration,
}

impl PlanRules {
    fn settle(&self) -> Duration {
        Duration::from_millis(self.idle_ms.max(0) as u64)
    }
}

/// What the next epoch takes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub chunks: Vec<Chunk>,
    /// The queue of side events that telemetry waits for.
    pub awaited: Option<usize>,
}

/// Takes the oldest chunks first, as many as an epoch holds. Telemetry takes the side events of its time along, and
/// waits until all that their topics held when it came are fetched. Side events wait while they are ahead of a partition
/// of telemetry that has more to fetch by more than `drift_ms_max`: their vehicles would have to keep them.
pub(crate) fn take_chunks(rules: &PlanRules, state: &PlanState, queues: &mut [PartitionQueue]) -> Taken {
    let (mut taken, mut events, mut is_side_ahead) = (Taken::default(), 0, false);
    let is_next = |queue: &PartitionQueue, is_side_ahead: bool| !is_side_ahead || queue.stream == Stream::Telemetry;
    while let Some((index, low)) = oldest_head(queues, |queue| is_next(queue, is_side_ahead)) {
        let head_events = queues[index].chunks.front().map_or(0, |chunk| chunk.events);
        if events > 0 && events + head_events > rules.events_max {
            break;
        }
        if queues[index].stream == Stream::Telemetry {
            events += take_side_events_of(index, queues, &mut taken.chunks);
            taken.awaited = awaited_by(index, queues);
            if taken.awaited.is_some() {
                break;
            }
        } else if low > slowest_frontier(rules, state, queues, &taken.chunks) {
            // Telemetry goes on: a thread fetches several of its partitions, and stands still while one of them is full.
            is_side_ahead = true;
            continue;
        }
        taken.chunks.extend(queues[index].pop());
        events += head_events;
    }
    taken
}

/// Takes the side events that may lie between the first and the last fix of a queue's first chunk; gives their number.
fn take_side_events_of(index: usize, queues: &mut [PartitionQueue], chunks: &mut Vec<Chunk>) -> usize {
    let span = queues[index].chunks.front().and_then(|chunk| chunk.span);
    let Some((_, high)) = span else { return 0 };
    let before = chunks.len();
    for queue in queues.iter_mut().filter(|queue| queue.stream != Stream::Telemetry) {
        while queue.chunks.front().is_some_and(|chunk| chunk.span.is_none_or(|(low, _)| low <= high)) {
            chunks.extend(queue.pop());
        }
    }
    chunks[before..].iter().map(|chunk| chunk.events).sum()
}

/// The queue of side events that may still get some that were there before a queue's first chunk.
fn awaited_by(index: usize, queues: &[PartitionQueue]) -> Option<usize> {
    let came = queues[index].head_came()?;
    // One that still holds chunks is past the chunk's time.
    let may_get_some = |queue: &PartitionQueue| queue.chunks.is_empty() && !queue.is_read_as_of(came);
    queues.iter().position(|queue| queue.stream != Stream::Telemetry && may_get_some(queue))
}

/// Of those queues the one whose first chunk holds the oldest event, and that event's time. Chunks without events come
/// first.
fn oldest_head(queues: &[PartitionQueue], is_next: impl Fn(&PartitionQueue) -> bool) -> Option<(usize, i64)> {
    let heads = queues.iter().enumerate().filter(|(_, queue)| is_next(queue)).filter_map(|(index, queue)| {
        let chunk = queue.chunks.front()?;
        Some((index, chunk.span.map_or(i64::MIN, |(low, _)| low)))
    });
    heads.min_by_key(|&(index, low)| (low, queues[index].stream.rank(), index))
}

/// The event time that no side event may exceed yet.
fn slowest_frontier(rules: &PlanRules, state: &PlanState, queues: &[PartitionQueue], taken: &[Chunk]) -> i64 {
    let is_behind = |queue: &&PartitionQueue| {
        queue.stream == Stream::Telemetry && queue.chunks.is_empty() && !queue.is_at_end(rules.settle())
    };
    let behind = queues.iter().filter(is_behind);
    let frontier = behind.map(|queue| {
        let of_queue = |chunk: &&Chunk| chunk.stream == queue.stream && chunk.partition == queue.partition;
        let taken = taken.iter().filter(of_queue).filter_map(|chunk| chunk.span).map(|(_, high)| high).max();
        let planned = newest_event(state, queue.stream, queue.partition);
        planned.max(taken).unwrap_or(i64::MIN)
    });
    frontier.min().map_or(i64::MAX, |frontier| frontier.saturating_add(rules.drift_ms_max))
}

fn newest_event(state: &PlanState, stream: Stream, partition: i32) -> Option<i64> {
    find(state, stream, partition).and_then(|plan| plan.newest_event)
}

fn find(state: &PlanState, stream: Stream, partition: i32) -> Option<&crate::journal::PartitionPlan> {
    let key = (stream.rank(), partition);
    let found = state.partitions.binary_search_by_key(&key, |plan| (plan.stream, plan.partition));
    found.ok().map(|at| &state.partitions[at])
}

/// The manifest of the epoch that takes `chunks` at `now`. `state` is that of the epoch before, and is moved on.
pub(crate) fn make_manifest(
    rules: &PlanRules,
    state: &mut PlanState,
    queues: &[PartitionQueue],
    chunks: &[Chunk],
    generation: u32,
    now: i64,
) -> Manifest {
    let log_time = state.log_time.map_or(now, |before| before.max(now));
    let mut manifest =
        Manifest { generation, epoch: state.epoch + 1, log_time, fleet: state.fleet, ranges: ranges_of(chunks) };
    state.apply(&manifest);
    manifest.fleet = manifest.fleet.max(fleet_time(rules, state, queues, log_time));
    state.fleet = manifest.fleet;
    manifest
}

fn ranges_of(chunks: &[Chunk]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for chunk in chunks {
        let newest_event = chunk.span.map(|(_, high)| high);
        let stream = chunk.stream.rank();
        match ranges.iter_mut().find(|range| (range.stream, range.partition) == (stream, chunk.partition)) {
            Some(range) => {
                range.to = chunk.to;
                range.own += chunk.own;
                range.newest_event = range.newest_event.max(newest_event);
                range.newest_log = range.newest_log.max(chunk.newest_log);
            }
            None => ranges.push(Range {
                stream,
                partition: chunk.partition,
                from: chunk.from,
                to: chunk.to,
                own: chunk.own,
                newest_event,
                newest_log: chunk.newest_log,
            }),
        }
    }
    ranges.sort_unstable_by_key(|range| (range.stream, range.partition));
    ranges
}

/// A partition is idle when it is read to its end and nothing has come for `idle_ms`, in which the log has answered:
/// after a start, or after brokers were away, producers need a moment to find back.
///
/// Minimum over the telemetry partitions that are not idle of their newest event time, minus the lateness bound; the
/// epoch's own time when all are idle; none while a partition with records has not been planned, and before the first
/// event at all: the fleet's time begins with its data, so that history loaded into a new instance is not late.
fn fleet_time(rules: &PlanRules, state: &PlanState, queues: &[PartitionQueue], now: i64) -> Option<i64> {
    let mut slowest: Option<i64> = None;
    let mut is_known = state.fleet.is_some();
    for queue in queues.iter().filter(|queue| queue.stream == Stream::Telemetry) {
        let plan = find(state, Stream::Telemetry, queue.partition);
        let newest_log = plan.and_then(|plan| plan.newest_log);
        is_known |= plan.is_some_and(|plan| plan.newest_event.is_some());
        // A partition that has never had a record may be about to: fleet time begins when all have spoken, or when
        // their silence has lasted beside the others.
        let heard_since = newest_log.or(state.heard_since.filter(|_| state.fleet.is_none()));
        let is_quiet = heard_since.is_none_or(|since| now.saturating_sub(since) >= rules.idle_ms);
        if is_quiet && queue.is_at_end(rules.settle()) && queue.is_back(rules.producers_return) {
            continue;
        }
        let newest = plan.and_then(|plan| plan.newest_event)?;
        slowest = Some(slowest.map_or(newest, |slowest| slowest.min(newest)));
    }
    is_known.then(|| slowest.map_or(now, |slowest| slowest.saturating_sub(rules.lateness_ms)))
}
