//! Damaged files, and logs that do not fit to the data directory.

use super::{
    calm::{PLAN, calm_outcome},
    fleet::{FleetPlan, produce},
    rig::{Rig, Run},
};
use crate::{LostRecords, Pipeline, PipelineError, StartError, StopOutcome, recover::holds_own_records};
use std::path::PathBuf;
use tacho_io::{EpochId, Log, OutputRecord, TopicPartition};
use tacho_model::Stream;

fn files(rig: &Rig, folder: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(rig.config.data_dir.join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    files.sort_unstable();
    files
}

fn first_half(rig: &Rig) -> Run {
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    assert!(run.settle(), "{:?}", run.handle.failed());
    run
}

fn second_half(rig: &Rig) {
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    let run = rig.start();
    assert!(run.settle_for_good(rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_damaged_snapshot_is_replaced_by_the_one_before() {
    let rig = Rig::new();
    let run = first_half(&rig);
    assert!(matches!(run.handle.stop(), StopOutcome::Drained));
    assert!(matches!(rig.start().handle.stop(), StopOutcome::Drained));
    let rounds = files(&rig, "snapshots", "round-");
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    let items = rounds[1].join("items");
    let mut bytes = std::fs::read(&items).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&items, bytes).unwrap();
    second_half(&rig);
}

#[test]
fn damage_to_the_first_snapshot_leads_back_to_the_beginning() {
    let mut rig = Rig::new();
    rig.config.snapshot_interval = std::time::Duration::from_secs(3_600);
    let run = first_half(&rig);
    assert!(matches!(run.handle.stop(), StopOutcome::Drained));
    let rounds = files(&rig, "snapshots", "round-");
    assert_eq!(rounds.len(), 1);
    let items = rounds[0].join("items");
    let bytes = std::fs::read(&items).unwrap();
    std::fs::write(&items, &bytes[..bytes.len() - 3]).unwrap();
    second_half(&rig);
}

#[test]
fn a_torn_journal_is_cut_at_its_last_whole_entry() {
    let rig = Rig::new();
    let run = first_half(&rig);
    run.handle.kill();
    drop(run);
    let journal = files(&rig, "journal", "journal-").pop().unwrap();
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend_from_slice(&[200, 0, 0, 0, 1, 2, 3, 4, 5]);
    std::fs::write(&journal, bytes).unwrap();
    second_half(&rig);
}

#[test]
fn damage_before_the_last_journal_file_is_an_error() {
    let mut rig = Rig::new();
    rig.config.snapshot_interval = std::time::Duration::from_secs(3_600);
    let run = first_half(&rig);
    run.handle.stop();
    let journals = files(&rig, "journal", "journal-");
    assert_eq!(journals.len(), 2);
    std::fs::remove_dir_all(rig.config.data_dir.join("snapshots")).unwrap();
    let bytes = std::fs::read(&journals[0]).unwrap();
    std::fs::write(&journals[0], &bytes[..bytes.len() - 1]).unwrap();
    let error = rig.try_start(None).err().unwrap();
    assert!(matches!(error, StartError::Journal(_)), "{error:?}");
}

#[test]
fn a_new_folder_beside_old_outputs_is_refused() {
    let rig = Rig::new();
    let run = first_half(&rig);
    run.handle.stop();
    std::fs::remove_dir_all(&rig.config.data_dir).unwrap();
    let error = rig.try_start(None).err().unwrap();
    assert!(matches!(error, StartError::ForeignOutputs { .. }), "{error:?}");
}

#[test]
fn own_outputs_are_found_behind_many_alerts_of_devices() {
    let rig = Rig::new();
    for number in 0..4_000 {
        rig.log.produce(Stream::Alerts, "veh_1", &format!("{{\"alert_id\":\"{number}\",\"filler\":\"{:800}\"}}", ""));
    }
    let source = TopicPartition::new("t.alerts.outbound", 0);
    assert!(!holds_own_records(&*rig.log, &source).unwrap());
    let (topic, key, value) = (source.topic.clone(), b"k".to_vec(), b"{}".to_vec());
    let output = OutputRecord { topic, key, value, timestamp_ms: 0 };
    rig.log.append_outputs(EpochId { generation: 1, epoch: 1 }, &[output]).unwrap();
    assert!(holds_own_records(&*rig.log, &source).unwrap());
}

#[test]
fn a_log_that_forgot_what_is_needed_is_refused() {
    let rig = Rig::new();
    let run = first_half(&rig);
    run.handle.stop();
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    rig.log.expire(Stream::Telemetry, 1_000);
    let error = rig.try_start(None).err().unwrap();
    let StartError::RecordsLost { start, needed, .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains(&format!("removed {} records", start - needed)), "{error}");
    assert!(error.to_string().contains("pipeline.lost_records = \"skip\""), "{error}");
}

#[test]
fn lost_records_are_skipped_and_counted_only_when_that_is_allowed() {
    let mut rig = Rig::new();
    let run = first_half(&rig);
    run.handle.stop();
    let before = rig.log.ends(Stream::Telemetry);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    let kept = *before.iter().max().unwrap() + 7;
    rig.log.expire(Stream::Telemetry, kept);
    rig.config.lost_records = LostRecords::Skip;
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    let ends = rig.log.ends(Stream::Telemetry);
    let lost: usize = before.iter().zip(&ends).map(|(before, end)| kept.min(*end) - before).sum();
    assert_eq!(run.stats.lost_records.get(), lost as u64);
    let unread: usize = before.iter().zip(&ends).map(|(before, end)| end - before).sum();
    // What was buffered before the stop is counted as received, too.
    assert!(run.stats.stream(Stream::Telemetry).received.get() as usize >= unread - lost);
    run.check_counters();
    // A crash right behind it: the replay asks for nothing that is gone.
    run.handle.kill();
    drop(run);
    let run = rig.start();
    assert!(run.settle(), "{:?}", run.handle.failed());
    assert_eq!(run.stats.lost_records.get(), 0);
}

#[test]
fn records_that_are_removed_in_front_of_a_running_pipeline_stop_it_with_the_way_out() {
    let rig = Rig::new();
    let run = first_half(&rig);
    rig.log.set_away(true);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    rig.log.expire(Stream::Telemetry, 1_000);
    rig.log.set_away(false);
    let deadline = std::time::Instant::now() + super::rig::PATIENCE;
    let failure = loop {
        if let Some(failure) = run.handle.failed() {
            break failure;
        }
        assert!(std::time::Instant::now() < deadline);
        std::thread::park_timeout(std::time::Duration::from_millis(2));
    };
    assert!(matches!(&*failure, PipelineError::RecordsLost { .. }), "{failure}");
    assert!(failure.to_string().contains("pipeline.lost_records"), "{failure}");
}

#[test]
fn an_older_copy_of_the_folder_is_refused() {
    let rig = Rig::new();
    assert_eq!(Pipeline::id_of(&rig.config).unwrap(), None);
    let run = first_half(&rig);
    run.handle.kill();
    drop(run);
    let id = Pipeline::id_of(&rig.config).unwrap();
    assert!(id.is_some());
    let journal = files(&rig, "journal", "journal-").pop().unwrap();
    let copy = std::fs::read(&journal).unwrap();
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    let run = rig.start();
    assert!(run.settle(), "{:?}", run.handle.failed());
    run.handle.kill();
    drop(run);
    for newer in files(&rig, "journal", "journal-").into_iter().filter(|file| *file > journal) {
        std::fs::remove_file(newer).unwrap();
    }
    std::fs::write(&journal, copy).unwrap();
    let error = rig.try_start(None).err().unwrap();
    assert!(matches!(error, StartError::OutputsAhead { .. } | StartError::Journal(_)), "{error:?}");
}

#[test]
fn a_missing_topic_is_named() {
    let rig = Rig::new();
    rig.log.drop_topic("t.vehicle.status");
    let error = rig.try_start(None).err().unwrap();
    assert!(error.to_string().contains("t.vehicle.status"), "{error}");
    assert!(error.to_string().contains("tacho topics create"), "{error}");
}
