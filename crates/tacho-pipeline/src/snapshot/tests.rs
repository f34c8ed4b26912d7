use super::*;
use std::fs;
use tacho_io::SystemDisk;

fn write_round(folder: &Path, number: u64, state: &[u8]) {
    let path = round_path(folder, number, "");
    fs::create_dir_all(&path).unwrap();
    let mut bytes = Vec::new();
    for index in 0..ROUND_ITEMS {
        let (stage, group) = item_at(index);
        bytes.extend(seal_item(&Item {
            stage,
            group,
            epoch: number * 100 + index as u64,
            state: Bytes::copy_from_slice(state),
        }));
    }
    bytes.extend(envelope::seal(SUMMARY, VERSION, &summary(number, ROUND_ITEMS)));
    fs::write(path.join("items"), bytes).unwrap();
}

#[test]
fn vehicles_come_before_drivers_and_the_fleet_comes_last() {
    assert_eq!(item_at(0), (Stage::Control, 0));
    assert_eq!(item_at(1), (Stage::Vehicle, 0));
    assert_eq!(item_at(128), (Stage::Vehicle, 127));
    assert_eq!(item_at(129), (Stage::Driver, 0));
    assert_eq!(item_at(256), (Stage::Driver, 127));
    assert_eq!(item_at(ROUND_ITEMS - 1), (Stage::Fleet, 0));
}

#[test]
fn the_newest_whole_round_is_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(load_newest(&SystemDisk, dir.path()).unwrap().is_none());
    write_round(dir.path(), 1, b"old");
    write_round(dir.path(), 2, b"new");
    fs::create_dir(round_path(dir.path(), 3, ".tmp")).unwrap();
    let round = load_newest(&SystemDisk, dir.path()).unwrap().unwrap();
    assert_eq!((round.number, round.first_epoch(), round.last_epoch()), (2, 200, 457));
    assert!(round.items.iter().all(|item| item.state == b"new"[..]));
}

#[test]
fn every_damage_is_seen_and_the_round_before_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    write_round(dir.path(), 1, b"state");
    let items = round_path(dir.path(), 1, "").join("items");
    let bytes = fs::read(&items).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        for damaged in [&bytes[..at], &flipped] {
            fs::write(&items, damaged).unwrap();
            assert!(matches!(load(&SystemDisk, dir.path(), 1), Err(SnapshotError::Corrupt { .. })), "at {at}");
        }
    }
    write_round(dir.path(), 2, b"newer");
    let newer = round_path(dir.path(), 2, "").join("items");
    fs::write(&items, &bytes).unwrap();
    fs::write(&newer, &bytes).unwrap();
    assert_eq!(
        load_newest(&SystemDisk, dir.path()).unwrap().unwrap().number,
        1,
        "a file of another round is none of this one"
    );
    assert_eq!(installed(&SystemDisk, dir.path()).unwrap(), [1], "the damaged one is set aside");
}

#[test]
fn a_round_of_another_version_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write_round(dir.path(), 1, b"old");
    write_round(dir.path(), 2, b"state");
    let items = round_path(dir.path(), 2, "").join("items");
    let item = Item { stage: Stage::Vehicle, group: 0, epoch: 7, state: Bytes::from_static(b"state") };
    let sealed = seal_item(&item);
    let (_, _, payload) = envelope::open(&sealed).unwrap();
    let mut newer_state = payload.to_vec();
    newer_state[..2].copy_from_slice(&(STATE_VERSION + 1).to_le_bytes());
    let cases = [
        ("state", envelope::seal(ITEM, VERSION, &newer_state)),
        ("format", envelope::seal(ITEM, VERSION + 1, payload)),
    ];
    for (expected, bytes) in cases {
        fs::write(&items, &bytes).unwrap();
        let error = load_newest(&SystemDisk, dir.path()).unwrap_err();
        assert!(matches!(&error, SnapshotError::Version { what, .. } if *what == expected), "{error}");
        assert!(error.to_string().contains("start the version that wrote it"), "{error}");
        assert_eq!(installed(&SystemDisk, dir.path()).unwrap(), [1, 2]);
        assert_eq!(fs::read(&items).unwrap(), bytes);
    }
}
