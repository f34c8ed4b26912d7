use crate::common::{Keep, Sent, config};
use std::collections::BTreeMap;
use tacho_model::EventTime;
use tacho_sim::{Fleet, SimConfig};

/// Messages by vehicle (or driver), in the order in which they were sent.
fn by_key(config: &SimConfig, slices: usize, step_ms: i64) -> BTreeMap<String, Vec<Sent>> {
    let mut keep = Keep::default();
    for mut slice in Fleet::new(config.clone()).unwrap().split(slices) {
        let mut at = config.start;
        while at < config.end() {
            at = EventTime(at.ms() + step_ms);
            slice.advance_to(at, &mut keep).unwrap();
        }
    }
    let mut keyed: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for message in keep.0 {
        keyed.entry(message.key.clone()).or_default().push(message);
    }
    keyed
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_number_of_slices_and_steps() {
    let config = config(42, 60, 240);
    let whole = by_key(&config, 1, 240_000);
    assert_eq!(whole, by_key(&config, 3, 100));
    assert_eq!(whole, by_key(&config, 60, 7_001));
    assert_ne!(whole, by_key(&SimConfig { seed: 43, ..config }, 1, 1_000));
}

#[test]
fn messages_of_a_vehicle_stand_in_the_order_of_event_time_and_rank() {
    for (key, messages) in by_key(&config(7, 40, 900), 2, 500) {
        assert!(messages.is_sorted_by_key(|message| (message.at, message.stream.rank())), "{key}");
    }
}
