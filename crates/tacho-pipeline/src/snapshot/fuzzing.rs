//! A snapshot round of anyone's making.

use super::*;
use crate::fuzzing::scratch;
use std::fs;
use tacho_io::SystemDisk;

/// Loads a round whose file holds these bytes, sealed pieces as they are.
pub(crate) fn load_bytes(bytes: &[u8]) {
    let dir = scratch();
    let path = round_path(dir.path(), 1, "");
    fs::create_dir_all(&path).expect("a scratch folder");
    fs::write(path.join("items"), bytes).expect("a scratch file");
    if let Ok(Some(round)) = load_newest(&SystemDisk, dir.path()) {
        assert_eq!((round.number, round.items.len()), (1, ROUND_ITEMS));
        assert!(round.first_epoch() <= round.last_epoch());
    }
}

/// A round whose item number `changed` has this payload, and all others an empty state.
pub(crate) fn load_with(changed: usize, payload: &[u8]) {
    let mut bytes = Vec::new();
    for index in 0..ROUND_ITEMS {
        let (stage, group) = item_at(index);
        bytes.extend(match index == changed % ROUND_ITEMS {
            true => envelope::seal(ITEM, VERSION, payload),
            false => seal_item(&Item { stage, group, epoch: index as u64, state: Bytes::new() }),
        });
    }
    bytes.extend(envelope::seal(SUMMARY, VERSION, &summary(1, ROUND_ITEMS)));
    load_bytes(&bytes);
}
