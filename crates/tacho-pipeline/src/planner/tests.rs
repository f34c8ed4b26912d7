use super::*;
use crate::journal::PlanState;

const RULES: PlanRules = PlanRules { events_max: 100, drift_ms_max: 60_000, lateness_ms: 5_000, idle_ms: 5_000 };

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
    assert_eq!(lows(&take_chunks(&rules, &state, &mut queues, false)), [10, 20]);
    assert_eq!(lows(&take_chunks(&rules, &state, &mut queues, false)), [50, 100]);
    assert_eq!(lows(&take_chunks(&rules, &state, &mut queues, false)), [300]);
}

#[test]
fn a_topic_waits_for_one_that_is_behind_by_more_than_the_drift() {
    // Trips are read up to 1,000 and have more to come, so telemetry may go on up to 61,000.
    let mut queues = vec![
        queue(Stream::TripEvents, 0, &[(0, 1_000)], 50),
        queue(Stream::Telemetry, 0, &[(500, 60_000), (61_000, 61_500), (61_001, 90_000)], 30),
    ];
    let state = PlanState::default();
    assert_eq!(lows(&take_chunks(&RULES, &state, &mut queues, false)), [0, 500, 61_000]);
    assert!(take_chunks(&RULES, &state, &mut queues, false).is_empty(), "nothing is planned of the trips yet");
    let ignored = take_chunks(&RULES, &state, &mut queues, true);
    assert_eq!(lows(&ignored), [61_001]);
}

#[test]
fn a_topic_that_is_read_to_its_end_holds_nobody_back() {
    let mut queues =
        vec![queue(Stream::TripEvents, 0, &[], 0), queue(Stream::Telemetry, 0, &[(0, 10), (900_000, 900_010)], 20)];
    assert_eq!(lows(&take_chunks(&RULES, &PlanState::default(), &mut queues, false)), [0, 900_000]);
}

fn plan_at(state: &mut PlanState, queues: &mut [PartitionQueue], now: i64) -> Option<i64> {
    let chunks = take_chunks(&RULES, state, queues, false);
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
    let chunks = take_chunks(&RULES, &state, &mut queues, false);
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
