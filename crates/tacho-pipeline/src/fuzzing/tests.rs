//! The kept corpus as tests.

use super::*;
use crate::journal::{
    Entry, Intent, Ledger, Manifest, PlanState, Range,
    fuzzing::{file_of, payload_of},
};

#[path = "../../../../fuzz/replay.rs"]
mod replay;
use replay::replay;

#[test]
fn journal_corpus() {
    let plan = PlanState::default();
    let ledger = Ledger { pipeline: 7, generation: 1, boot: 1, next_batch: 1, stored: [0; 2], open: Vec::new(), plan };
    let range = Range { stream: 5, partition: 0, from: 0, to: 9, own: 1, newest_event: Some(5), newest_log: Some(6) };
    let manifest = Manifest { generation: 1, epoch: 1, log_time: 3, fleet: Some(2), ranges: vec![range] };
    let intent = Intent { table: 0, after: 0, to: 1, chunk: 0, batch: 9, token: "t".to_owned(), rows: 3 };
    let entries = [
        Entry::Checkpoint(Box::new(ledger)),
        Entry::Boot { boot: 2, generation: 2, kept: 0 },
        Entry::Manifest(manifest),
        Entry::Intent(intent),
        Entry::InsertDone { batch: 9 },
        Entry::GroupDone { sink: 0, to: 1 },
    ];
    let payloads: Vec<Vec<u8>> = entries.iter().map(payload_of).collect();
    let raw = file_of(payloads.iter().map(Vec::as_slice));
    let sized = payloads.iter().flat_map(|bytes| [&(bytes.len() as u16).to_be_bytes(), bytes.as_slice()].concat());
    let seeds = [("file", [vec![0], raw].concat()), ("entries", std::iter::once(1).chain(sized).collect())];
    replay("journal", &seeds, journal);
}

#[test]
fn snapshot_corpus() {
    let config = Arc::new(EngineConfig::default());
    let shard = Shard::new(Arc::clone(&config), 0..1);
    let item = [&[0, 128, 0, 0][..], &7u64.to_le_bytes(), b"state"].concat();
    let seeds = [
        ("sealed", [vec![0], tacho_wire::envelope::seal(*b"ITEM", 1, b"x")].concat()),
        ("item", [vec![1], item].concat()),
        ("vehicles", [vec![2], shard.snapshot_vehicle_group(0)].concat()),
        ("drivers", [vec![3], shard.snapshot_driver_group(0)].concat()),
        ("fleet", [vec![4], FleetStage::new(config).snapshot()].concat()),
    ];
    replay("snapshot", &seeds, snapshot);
}
