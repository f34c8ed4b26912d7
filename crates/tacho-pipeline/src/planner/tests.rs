use super::*;
use crate::{inbox::GAP_AGE_MIN, journal::PlanState};
use tacho_io::exec;

const RULES: PlanRules = PlanRules {
    events_max: 100,
    drift_ms_max: 60_000,
    lateness_ms: 5_000,
    idle_ms: 5_000,
    producers_return: Duration::from_secs(5),
};

fn chunk(stream: Stream, partition: i32, from: i64, low: i64, high: i64) -> Chunk {
    Chunk {
        stream,
        partition,
        from,
        to: from + 10,
        own: 0,
        telemetry: Vec::new(),
        side: Vec::new(),
        rejected: Vec::new(),
        span: Some((low, high)),
        newest_log: Some(high + 100),
        events: 10,
        bytes: 100,
    }
}

/// A queue with chunks of ten offsets and these spans, of a partition that ends at `log_end`.
fn queue(stream: Stream, partition: i32, spans: &[(i64, i64)], log_end: i64) -> PartitionQueue {
    let mut queue = PartitionQueue::new(stream, partition, 0, log_end);
    for (index, &(low, high)) in spans.iter().enumerate() {
        queue.push(chunk(stream, partition, index as i64 * 10, low, high));
    }
    queue
}

fn take(rules: &PlanRules, state: &PlanState, queues: &mut [PartitionQueue]) -> Vec<Chunk> {
    take_chunks(rules, state, queues).chunks
}

/// The log says now where the partition ends.
fn ask(queue: &mut PartitionQueue, end: i64) {
    queue.note_answer(exec::now(), end);
}

fn lows(chunks: &[Chunk]) -> Vec<i64> {
    chunks.iter().filter_map(|chunk| chunk.span).map(|(low, _)| low).collect()
}

#[test]
fn the_oldest_chunks_are_taken_first_until_the_epoch_is_full() {
    let rules = PlanRules { events_max: 25, ..RULES };
    let mut queues = vec![
        queue(Stream::TripEvents, 0, &[(50, 60), (300, 310)], 20),
        queue(Stream::Telemetry, 0, &[(10, 90), (100, 190)], 20),
        queue(Stream::Telemetry, 1, &[(20, 80)], 10),
    ];
    let state = PlanState::default();
    ask(&mut queues[0], 20);
    assert_eq!(lows(&take(&rules, &state, &mut queues)), [50, 10], "the fixes take the trips of their time along");
    assert_eq!(lows(&take(&rules, &state, &mut queues)), [20, 100]);
    assert_eq!(lows(&take(&rules, &state, &mut queues)), [300]);
}

#[test]
fn side_events_wait_for_telemetry_that_is_behind_by_more_than_the_drift() {
    // Telemetry is read up to 1,000 and has more to come, so that trips may go on up to 61,000.
    let mut queues = vec![
        queue(Stream::TripEvents, 0, &[(500, 60_000), (61_000, 61_500), (61_001, 90_000)], 30),
        queue(Stream::Telemetry, 0, &[(0, 1_000)], 50),
    ];
    let state = PlanState::default();
    assert_eq!(lows(&take(&RULES, &state, &mut queues)), [500, 0, 61_000]);
    queues[1].push(chunk(Stream::Telemetry, 0, 10, 61_001, 62_000));
    ask(&mut queues[0], 30);
    assert_eq!(lows(&take(&RULES, &state, &mut queues)), [61_001, 61_001], "it has caught up");
}

#[test]
fn telemetry_goes_on_while_side_events_wait_for_a_partition_of_it() {
    let mut queues = vec![
        queue(Stream::DriverEvents, 0, &[(61_000, 61_500)], 10),
        // Its fetcher waits for room in the next partition's queue.
        queue(Stream::Telemetry, 0, &[], 10),
        queue(Stream::Telemetry, 1, &[(61_200, 62_000)], 10),
    ];
    ask(&mut queues[0], 10);
    let taken = take(&RULES, &PlanState::default(), &mut queues);
    assert_eq!(lows(&taken), [61_000, 61_200], "what happened before the fixes goes with them");
}

#[test]
fn telemetry_waits_until_what_was_there_before_it_is_fetched() {
    let state = PlanState::default();
    let mut queues = vec![queue(Stream::TripEvents, 0, &[], 0), queue(Stream::Telemetry, 0, &[(0, 10)], 10)];
    let taken = take_chunks(&RULES, &state, &mut queues);
    assert_eq!((taken.chunks.len(), taken.awaited), (0, Some(0)), "the topic of trips was not asked since");
    ask(&mut queues[0], 10);
    assert_eq!(take_chunks(&RULES, &state, &mut queues).awaited, Some(0), "it has ten more");
    // Ends move on; the question of before is answered all the same.
    ask(&mut queues[0], 20);
    queues[0].push(chunk(Stream::TripEvents, 0, 0, 5, 6));
    assert_eq!(lows(&take(&RULES, &state, &mut queues)), [5, 0]);
    queues[1].push(chunk(Stream::Telemetry, 0, 10, 100, 110));
    assert_eq!(take_chunks(&RULES, &state, &mut queues).awaited, Some(0), "this one came later");
}

#[test]
fn records_that_are_never_delivered_hold_telemetry_back_once() {
    let mut queues = vec![queue(Stream::DriverEvents, 0, &[], 1), queue(Stream::Telemetry, 0, &[(0, 10)], 10)];
    let state = PlanState::default();
    // A transaction's end stands at offset 0.
    let began = exec::now();
    queues[0].note_answer(began, 1);
    queues[0].note_answer(began + GAP_AGE_MIN / 2, 1);
    assert_eq!(take_chunks(&RULES, &state, &mut queues).awaited, Some(0));
    queues[0].note_answer(began + GAP_AGE_MIN, 1);
    assert_eq!(lows(&take(&RULES, &state, &mut queues)), [0]);
    queues[1].push(chunk(Stream::Telemetry, 0, 10, 100, 110));
    ask(&mut queues[0], 1);
    assert_eq!(lows(&take(&RULES, &state, &mut queues)), [100], "it is known by now");
}

#[test]
fn telemetry_does_not_wait_for_a_topic_that_is_fetched_beyond_its_time() {
    // The queue of trips is full: its fetcher goes on when they are taken.
    let mut queues =
        vec![queue(Stream::TripEvents, 0, &[(500, 600)], 1_000), queue(Stream::Telemetry, 0, &[(0, 499)], 10)];
    assert_eq!(lows(&take(&RULES, &PlanState::default(), &mut queues)), [0, 500]);
}

#[test]
fn a_topic_that_is_read_to_its_end_holds_nobody_back() {
    let mut queues =
        vec![queue(Stream::TripEvents, 0, &[], 0), queue(Stream::Telemetry, 0, &[(0, 10), (900_000, 900_010)], 20)];
    ask(&mut queues[0], 0);
    assert_eq!(lows(&take(&RULES, &PlanState::default(), &mut queues)), [0, 900_000]);
}

/// Plans with a log that has answered for long.
fn plan_at(state: &mut PlanState, queues: &mut [PartitionQueue], now: i64) -> Option<i64> {
    let long_ago = exec::now().checked_sub(RULES.producers_return).expect("the machine runs for longer");
    queues.iter_mut().for_each(|queue| queue.answers_from(long_ago));
    let chunks = take(&RULES, state, queues);
    make_manifest(&RULES, state, queues, &chunks, 1, now).fleet
}

#[test]
fn fleet_time_follows_the_slowest_partition_that_is_not_idle() {
    let mut state = PlanState::default();
    let mut queues =
        vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10), queue(Stream::Telemetry, 1, &[(0, 20_000)], 10)];
    assert_eq!(plan_at(&mut state, &mut queues, 20_500), Some(15_000));
    // Partition 1 is quiet since its log time of 20,100.
    assert_eq!(plan_at(&mut state, &mut queues, 25_099), Some(15_000));
    assert_eq!(plan_at(&mut state, &mut queues, 25_100), Some(35_000));
    assert_eq!(plan_at(&mut state, &mut queues, 45_100), Some(45_100), "all are idle");
    queues[1].push(chunk(Stream::Telemetry, 1, 10, 30_000, 30_500));
    assert_eq!(plan_at(&mut state, &mut queues, 45_200), Some(45_200), "it never goes back");
    assert_eq!(state.epoch, 5);
}

#[test]
fn a_log_that_has_just_come_back_makes_nobody_idle() {
    let mut state = PlanState::default();
    let mut queues = vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10)];
    assert_eq!(plan_at(&mut state, &mut queues, 40_500), Some(35_000));
    queues[0].answers_from(exec::now());
    assert_eq!(make_manifest(&RULES, &mut state, &queues, &[], 1, 99_000).fleet, Some(35_000));
    assert_eq!(plan_at(&mut state, &mut queues, 99_100), Some(99_100));
}

#[test]
fn fleet_time_begins_when_silent_partitions_have_had_time_to_speak() {
    let mut state = PlanState::default();
    assert_eq!(plan_at(&mut state, &mut [queue(Stream::Telemetry, 0, &[], 0)], 10_000), None, "there is no fleet yet");
    let mut queues = vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10), queue(Stream::Telemetry, 1, &[], 0)];
    assert_eq!(plan_at(&mut state, &mut queues, 40_500), None);
    assert_eq!(plan_at(&mut state, &mut queues, 45_099), None);
    queues[0].push(chunk(Stream::Telemetry, 0, 10, 44_000, 45_000));
    assert_eq!(plan_at(&mut state, &mut queues, 45_100), Some(40_000), "the empty one is idle");
}

#[test]
fn fleet_time_is_unknown_while_a_partition_has_records_that_nobody_read() {
    let mut state = PlanState::default();
    let mut queues = vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10), queue(Stream::Telemetry, 1, &[], 10)];
    assert_eq!(plan_at(&mut state, &mut queues, 99_000), None);
}

#[test]
fn a_manifest_merges_the_chunks_of_a_partition_and_the_clock_never_goes_back() {
    let mut state = PlanState::default();
    let mut queues = vec![queue(Stream::Telemetry, 0, &[(0, 1_000), (1_000, 2_000)], 20)];
    let chunks = take(&RULES, &state, &mut queues);
    let manifest = make_manifest(&RULES, &mut state, &queues, &chunks, 3, 10_000);
    let [range] = manifest.ranges.as_slice() else { panic!("{manifest:?}") };
    assert_eq!((range.from, range.to, range.newest_event), (0, 20, Some(2_000)));
    assert_eq!((manifest.generation, manifest.epoch), (3, 1));
    let idle = make_manifest(&RULES, &mut state, &queues, &[], 3, 9_000);
    assert_eq!((idle.log_time, idle.epoch), (10_000, 2));
}

#[test]
fn an_idle_partition_does_not_stall_fleet_time_and_takes_part_again_when_it_speaks() {
    let mut state = PlanState::default();
    let mut queues =
        vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10), queue(Stream::Telemetry, 1, &[(0, 40_000)], 10)];
    assert_eq!(plan_at(&mut state, &mut queues, 40_500), Some(35_000));
    queues[0].push(chunk(Stream::Telemetry, 0, 10, 41_000, 60_000));
    assert_eq!(plan_at(&mut state, &mut queues, 60_100), Some(55_000), "1 is quiet since 40,100");
    queues[1].push(chunk(Stream::Telemetry, 1, 10, 58_000, 58_500));
    queues[0].push(chunk(Stream::Telemetry, 0, 20, 61_000, 70_000));
    assert_eq!(plan_at(&mut state, &mut queues, 63_000), Some(55_000), "1 holds it at 53,500, but it never goes back");
}

#[test]
fn a_partition_that_lags_holds_fleet_time_however_quiet_it_is() {
    let mut state = PlanState::default();
    // Of partition 1, ten more records are known and not fetched.
    let mut queues =
        vec![queue(Stream::Telemetry, 0, &[(0, 90_000)], 10), queue(Stream::Telemetry, 1, &[(0, 20_000)], 20)];
    assert_eq!(plan_at(&mut state, &mut queues, 90_500), Some(15_000));
    assert_eq!(plan_at(&mut state, &mut queues, 200_000), Some(15_000));
}

#[test]
fn a_silent_fleet_follows_the_epochs_own_time_and_events_go_on_from_there() {
    let mut state = PlanState::default();
    let mut queues = vec![queue(Stream::Telemetry, 0, &[(0, 40_000)], 10)];
    assert_eq!(plan_at(&mut state, &mut queues, 40_500), Some(35_000));
    assert_eq!(plan_at(&mut state, &mut queues, 45_099), Some(35_000), "not quiet for long enough");
    assert_eq!(plan_at(&mut state, &mut queues, 500_000), Some(500_000));
    queues[0].push(chunk(Stream::Telemetry, 0, 10, 500_500, 501_000));
    assert_eq!(plan_at(&mut state, &mut queues, 501_200), Some(500_000));
    queues[0].push(chunk(Stream::Telemetry, 0, 20, 505_500, 506_000));
    assert_eq!(plan_at(&mut state, &mut queues, 506_200), Some(501_000));
}
