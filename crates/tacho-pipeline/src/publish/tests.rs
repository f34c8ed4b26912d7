use super::insert::Span;
use super::*;
use crate::{
    bundle::{FactsBundle, TelemetryBundle, version_base},
    journal::{Journal, Ledger, PlanState},
    life::Life,
    progress::Progress,
    publish::group::Part,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tacho_io::{Insert, ManualClock, Store, StoreError, SystemDisk, Table, TableRows};
use tacho_model::{EventTime, Facts, FleetUtilization, LogTime, RowOutcome, TelemetryBatch, VehicleMinute};
use tacho_wire::OutputEncoder;

fn batch(times: &[(i64, RowOutcome)]) -> Arc<TelemetryBatch> {
    let mut batch = TelemetryBatch::default();
    for &(at, outcome) in times {
        batch.timestamp.push(EventTime(at));
        batch.outcome.push(outcome);
    }
    Arc::new(batch)
}

#[test]
fn telemetry_is_cut_by_event_day_and_leaves_out_what_is_not_stored() {
    use RowOutcome::{Applied, Duplicate, Held, Late, Outlier};
    let day = 86_400_000;
    let progress = Arc::new(Progress::default());
    let bundle = |epoch, batches| TelemetryBundle { epoch, batches, lease: progress.lease(1) };
    let first = batch(&[(day, Applied), (2 * day, Late), (day + 5, Held), (day + 6, Applied)]);
    let second = batch(&[(2 * day - 1, Outlier), (3 * day, Duplicate), (-1, Applied)]);
    let group = [bundle(1, vec![first]), bundle(2, vec![second])];
    assert_eq!(group[0].rows() + group[1].rows(), 5);
    let parts = TelemetryBundle::parts(&group, &OutputEncoder::new("t"));
    let shown: Vec<_> = parts
        .iter()
        .map(|part| match &part.rows {
            TableRows::Telemetry { rows, .. } => (part.chunk, rows.clone()),
            _ => unreachable!(),
        })
        .collect();
    assert_eq!(shown, [(-1, vec![vec![2]]), (1, vec![vec![0, 3], vec![0]]), (2, vec![vec![1]])]);
}

#[test]
fn versions_count_the_facts_of_a_kind_as_in_the_topics() {
    let minute = |n: i64| VehicleMinute {
        vehicle_id: "v".into(),
        minute: EventTime(n * 60_000),
        event_count: 1,
        distance_m: 0.0,
        min_speed_kmph: 0.0,
        avg_speed_kmph: 0.0,
        max_speed_kmph: 0.0,
        seconds: [0.0; 5],
    };
    let window = FleetUtilization {
        window_start: EventTime(0),
        window_end: EventTime(5_000),
        active_count: 1,
        idle_count: 0,
        stopped_count: 0,
        offline_count: 0,
    };
    let facts =
        Facts { vehicle_minutes: vec![minute(0), minute(1)], utilization: vec![window, window], ..Facts::default() };
    let progress = Arc::new(Progress::default());
    let (rejected, lease) = (Arc::default(), progress.lease(1));
    let group = [FactsBundle { epoch: 9, facts: Arc::new(facts.clone()), rejected, side: Vec::new(), lease }];
    let parts = FactsBundle::parts(&group, &OutputEncoder::new("t"));
    let base = version_base(9);
    let mut versions = Vec::new();
    for part in &parts {
        match &part.rows {
            TableRows::VehicleMinutes(rows) => versions.extend(rows.iter().map(|row| row.version - base)),
            TableRows::FleetUtilization(rows) => versions.extend(rows.iter().map(|row| row.version - base)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(versions, [0, 1, 0, 1]);
    let mut records = Vec::new();
    OutputEncoder::new("t").encode_facts(&facts, base, &mut records);
    let last = String::from_utf8(records.pop().unwrap().value).unwrap();
    assert!(last.contains(&format!("\"version\":{}", base + 1)), "{last}");
}

/// Answers calls from a script and writes down what came.
#[derive(Default)]
struct ScriptedStore {
    inserts: Mutex<Vec<Result<(), &'static str>>>,
    counts: Mutex<Vec<u64>>,
    calls: Mutex<Vec<String>>,
}

impl Store for ScriptedStore {
    fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let short = insert.token.rsplit_once(insert.table.name()).unwrap().1.to_owned();
        self.calls.lock().unwrap().push(format!("insert{short}"));
        let answer = self.inserts.lock().unwrap().remove(0);
        answer.map_err(|text| match text {
            "refused" => StoreError::Refused(text.to_owned()),
            _ => StoreError::Unavailable(text.to_owned()),
        })
    }
    fn count_batch(&self, _table: Table, _batch: u64) -> Result<u64, StoreError> {
        let found = self.counts.lock().unwrap().remove(0);
        self.calls.lock().unwrap().push(format!("count {found}"));
        Ok(found)
    }
}

fn run_script(
    table: Table,
    inserts: &[Result<(), &'static str>],
    counts: &[u64],
) -> (Result<(), crate::error::Stop>, Vec<String>) {
    let (dir, life) = (tempfile::tempdir().unwrap(), Life::new());
    let plan = PlanState::default();
    let ledger = Ledger { pipeline: 1, generation: 1, boot: 4, next_batch: 5, stored: [0; 2], open: Vec::new(), plan };
    let journal = Arc::new(Journal::create(Arc::new(SystemDisk), dir.path(), ledger, life.clone()).unwrap());
    let store = Arc::new(ScriptedStore {
        inserts: Mutex::new(inserts.to_vec()),
        counts: Mutex::new(counts.to_vec()),
        ..Default::default()
    });
    let inserter = Inserter {
        life,
        journal,
        stats: Arc::default(),
        store: store.clone(),
        clock: Arc::new(ManualClock::at(LogTime(0))),
        retry_pause_max: Duration::ZERO,
    };
    let rows = match table {
        Table::Telemetry => {
            let batches = vec![batch(&[(0, RowOutcome::Applied), (1, RowOutcome::Applied)])];
            TableRows::Telemetry { batches, rows: vec![vec![0, 1]] }
        }
        _ => TableRows::FleetUtilization(Vec::new()),
    };
    let result = inserter.insert(Span { after: 0, to: 2 }, Part { table, chunk: 0, rows });
    let calls = store.calls.lock().unwrap().clone();
    (result, calls)
}

#[test]
fn an_insert_with_an_unknown_outcome_is_counted_before_it_is_repeated() {
    let away = Err("away");
    for (inserts, counts, expected) in [
        (vec![Ok(())], vec![], "insert-0-2-0"),
        (vec![away], vec![2], "insert-0-2-0, count 2"),
        (vec![away, Ok(())], vec![0, 2], "insert-0-2-0, count 0, insert-0-2-0, count 2"),
        (
            vec![away, Ok(()), Ok(())],
            vec![0, 0, 2],
            "insert-0-2-0, count 0, insert-0-2-0, count 0, insert-0-2-0-r1, count 2",
        ),
        (vec![away, away], vec![0, 2], "insert-0-2-0, count 0, insert-0-2-0, count 2"),
    ] {
        let (result, calls) = run_script(Table::Telemetry, &inserts, &counts);
        result.unwrap();
        assert_eq!(calls.join(", "), expected);
    }
    let (result, _) = run_script(Table::Telemetry, &[away], &[1]);
    assert!(format!("{result:?}").contains("UnexpectedCount"), "{result:?}");
    let (result, _) = run_script(Table::Telemetry, &[Err("refused")], &[]);
    assert!(format!("{result:?}").contains("StoreRefused"), "{result:?}");
    let (result, _) = run_script(Table::Telemetry, &[away, Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(())], &[0; 8]);
    assert!(format!("{result:?}").contains("RowsVanish"), "{result:?}");
}

#[test]
fn a_replacing_table_is_just_inserted_again_under_another_token() {
    let (result, calls) = run_script(Table::FleetUtilization, &[Err("away"), Err("away"), Ok(())], &[]);
    result.unwrap();
    assert_eq!(calls.join(", "), "insert-0-2-0-b4, insert-0-2-0-b4-r1, insert-0-2-0-b4-r2");
}
