use super::*;
use proptest::prelude::*;
use tacho_io::SystemDisk;

fn disk() -> Arc<dyn Disk> {
    Arc::new(SystemDisk)
}

fn ledger() -> Ledger {
    let plan = PlanState::default();
    Ledger { pipeline: 7, generation: 1, boot: 1, next_batch: 1, stored: [0; 2], open: Vec::new(), plan }
}

fn manifest(epoch: u64) -> Entry {
    let (from, to) = (epoch as i64 * 10 - 10, epoch as i64 * 10);
    let (newest_event, newest_log) = (Some(to), Some(to + 1));
    let range = Range { stream: 5, partition: 0, from, to, own: 0, newest_event, newest_log };
    let fleet = Some(epoch as i64 * 100);
    Entry::Manifest(Manifest { generation: 1, epoch, log_time: epoch as i64, fleet, ranges: vec![range] })
}

fn intent(batch: u64, table: u8, to: u64) -> Entry {
    let token = format!("token-{batch}");
    Entry::Intent(Intent { table, after: 0, to, chunk: 0, batch, token, rows: 3 })
}

#[test]
fn what_is_appended_comes_back_over_several_files() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(disk(), dir.path(), ledger(), Life::new()).unwrap();
    for epoch in 1..=3 {
        journal.append(&manifest(epoch)).unwrap();
    }
    let mut plan = PlanState::default();
    journal.rotate(4, plan.clone()).unwrap();
    journal.append(&intent(9, 0, 2)).unwrap();
    journal.append(&intent(10, 1, 3)).unwrap();
    journal.append(&Entry::InsertDone { batch: 10 }).unwrap();
    journal.append(&manifest(4)).unwrap();
    let recovered = recover(&SystemDisk, dir.path(), 0).unwrap();
    assert_eq!(recovered.manifests.iter().map(|m| m.epoch).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(recovered.ledger.open.iter().map(|open| open.done).collect::<Vec<_>>(), [false, true]);
    assert_eq!(recovered.ledger.next_batch, 11);
    for epoch in 1..=4 {
        let Entry::Manifest(manifest) = manifest(epoch) else { unreachable!() };
        plan.apply(&manifest);
    }
    assert_eq!(recovered.plan(), plan);
    assert_eq!(plan.partitions[0].position, 40);

    journal.append(&Entry::GroupDone { sink: 0, to: 2 }).unwrap();
    let later = recover(&SystemDisk, dir.path(), 4).unwrap();
    assert_eq!(later.manifests.len(), 1);
    assert_eq!(later.ledger.stored, [2, 0]);
    assert_eq!(later.ledger.open_group(crate::progress::Sink::Telemetry), None);
    assert_eq!(later.ledger.open_group(crate::progress::Sink::Facts), Some(3));
}

#[test]
fn a_start_that_cut_epochs_hides_them_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(disk(), dir.path(), ledger(), Life::new()).unwrap();
    (1..=3).for_each(|epoch| journal.append(&manifest(epoch)).unwrap());
    journal.append(&Entry::Boot { boot: 2, generation: 2, kept: 1 }).unwrap();
    journal.append(&manifest(2)).unwrap();
    let recovered = recover(&SystemDisk, dir.path(), 0).unwrap();
    assert_eq!(recovered.manifests.iter().map(|m| m.epoch).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((recovered.ledger.boot, recovered.ledger.generation), (2, 2));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Journal::create(disk(), dir.path(), ledger(), Life::new()).unwrap();
    let path = file::path_of(dir.path(), 0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 99;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(recover(&SystemDisk, dir.path(), 0), Err(JournalError::Version { found: 99, .. })));
    assert!(matches!(recover(&SystemDisk, dir.path(), 3), Err(JournalError::Missing { .. })));
}

#[test]
fn damage_to_what_was_durable_is_an_error_and_never_cut() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(disk(), dir.path(), ledger(), Life::new()).unwrap();
    let (path, head, _) = journal.tail();
    (1..=3).for_each(|epoch| journal.append(&manifest(epoch)).unwrap());
    journal.sync().unwrap();
    let (_, durable, _) = journal.tail();
    (4..=6).for_each(|epoch| journal.append(&manifest(epoch)).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    for at in head as usize..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        std::fs::write(&path, &flipped).unwrap();
        match recover(&SystemDisk, dir.path(), 0) {
            Err(JournalError::Corrupt { at: from, .. }) => assert!(from <= at as u64 && from < durable, "byte {at}"),
            Err(error) => panic!("byte {at}: {error}"),
            Ok(recovered) => {
                assert!(at as u64 >= durable, "byte {at} was durable");
                assert!(recovered.cut && recovered.manifests.len() >= 3, "byte {at}");
            }
        }
    }
}

#[test]
fn a_halted_pipeline_appends_nothing() {
    let (dir, life) = (tempfile::tempdir().unwrap(), Life::new());
    let journal = Journal::create(disk(), dir.path(), ledger(), life.clone()).unwrap();
    life.halt();
    assert!(matches!(journal.append(&manifest(1)), Err(Stop::Halted)));
    assert!(recover(&SystemDisk, dir.path(), 0).unwrap().manifests.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_anywhere_or_a_flipped_bit_leaves_a_prefix(count in 1u64..20, cut in 0usize..10_000, bit in 0u8..8) {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::create(disk(), dir.path(), ledger(), Life::new()).unwrap();
        let (path, head, _) = journal.tail();
        (1..=count).for_each(|epoch| journal.append(&manifest(epoch)).unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let at = head as usize + cut % (bytes.len() - head as usize);
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        for damaged in [&bytes[..at], &flipped] {
            std::fs::write(&path, damaged).unwrap();
            let recovered = recover(&SystemDisk, dir.path(), 0).unwrap();
            let epochs: Vec<u64> = recovered.manifests.iter().map(|manifest| manifest.epoch).collect();
            prop_assert!(epochs.iter().copied().eq(1..=epochs.len() as u64));
            prop_assert!((epochs.len() as u64) < count);
            // What was cut off is gone from the file, so that appending goes on behind the last whole entry.
            let again = recover(&SystemDisk, dir.path(), 0).unwrap();
            prop_assert!(!again.cut);
            prop_assert_eq!(again.manifests.len(), epochs.len());
        }
    }
}
