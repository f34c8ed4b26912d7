//! Hours of service over days: a driver on two vehicles, one of which uploads what it stored.

use crate::{
    properties::{Cut, assert_same, cut, seeded},
    rig::{Rig, Row, settled},
    script::{DAY_MS, check, place},
};
use expect_test::expect;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::{EngineConfig, HoursProfile};

const MINUTE_MS: i64 = 60_000;
const LATENESS_BOUND_MS: i64 = 5_000;

/// A stint at the wheel: minutes of driving, then minutes of rest; whether in the vehicle without a network.
type Stint = (i64, i64, bool);

fn stint() -> impl Strategy<Value = Stint> {
    let rest = prop_oneof![4 => 10..60i64, 3 => 30..46i64, 2 => 540..800i64];
    (20..280i64, rest, proptest::bool::weighted(0.3))
}

/// The fixes of the stints, one a minute, by when they arrive. What is stored comes when the vehicle is back: after the next stint.
fn rows_of(stints: &[Stint]) -> Vec<Row> {
    let (mut minute, mut rows) = (0, Vec::new());
    let mut east_m = [0.0; 2];
    for (index, (driven, rest, is_stored)) in stints.iter().enumerate() {
        let next_min = stints.get(index + 1).map_or(0, |(driven, rest, _)| driven + rest);
        let back_at = DAY_MS + (minute + driven + rest + next_min) * MINUTE_MS + 17_000;
        for n in 0..=*driven {
            let at = DAY_MS + (minute + n) * MINUTE_MS + if *is_stored { 30_000 } else { 0 };
            let vehicle = usize::from(*is_stored);
            let speed_kmph = if n == *driven { 0.0 } else { 50.0 };
            let position = place(east_m[vehicle], vehicle as f64 * 5_000.0);
            east_m[vehicle] += f64::from(speed_kmph) / 3.6 * 60.0;
            let mut row = Row::new(["v1", "v2"][vehicle], at, position, speed_kmph);
            row.driver = "D".to_owned();
            // 20 fixes a second.
            row.log = if *is_stored { at.max(back_at + n * 50) } else { at + 700 };
            rows.push(row);
        }
        minute += driven + rest;
    }
    rows.sort_by_key(|row| (row.log, row.at));
    rows.iter_mut().zip(0..).for_each(|(row, offset)| row.offset = offset);
    rows
}

fn run(rows: &[Row], profile: HoursProfile, cut: &Cut) -> BTreeMap<String, String> {
    let config = EngineConfig { hours_profile: Some(profile), ..EngineConfig::default() };
    let mut rig = Rig::with(cut.shards, Arc::new(config));
    let (mut from, mut epochs, mut fleet) = (0, 0, 0);
    while from < rows.len() {
        let to = (from + cut.lengths[epochs % cut.lengths.len()]).min(rows.len());
        fleet = rows[..to].iter().map(|row| row.log).max().unwrap_or(0) - LATENESS_BOUND_MS;
        rig.epoch(Some(fleet), &rows[from..to], &[]);
        (from, epochs) = (to, epochs + 1);
        if let Some((_, shards)) = cut.restart.filter(|(after, _)| *after == epochs) {
            rig.restart(shards);
        }
    }
    let mut left = BTreeMap::new();
    for minutes in [1, 15, 70, 600, 1_500, 4_000, 20_000] {
        fleet += minutes * MINUTE_MS;
        rig.epoch(Some(fleet), &[], &[]);
        // What may still be driven is the same at every moment, not only in the end.
        let of_now = rig.last.iter().filter(|(key, _)| key.starts_with("left"));
        left.extend(of_now.map(|(key, value)| (format!("{key} {minutes} min later"), value.clone())));
    }
    // The downtime of a vehicle that is silent for a day hangs on whether its upload came first.
    let is_hours = |(key, value): &(String, String)| {
        let is_alert = ["BreakViolation", "DrivingTime"].iter().any(|of| value.contains(of));
        key.starts_with("violation") || (key.starts_with("alert") && is_alert)
    };
    settled(&rig.last).into_iter().filter(is_hours).chain(left).collect()
}

fn profiles() -> impl Strategy<Value = HoursProfile> {
    prop_oneof![Just(HoursProfile::Eu561), Just(HoursProfile::Us395), Just(HoursProfile::Us395Sixty)]
}

/// What is stored shows a violation that nobody could know of: it is stale, and has one alert.
#[test]
fn an_upload_tells_of_hours_long_ago() {
    let stints = [(200, 10, false), (100, 10, true), (60, 600, false), (20, 10, false)];
    let facts = run(&rows_of(&stints), HoursProfile::Eu561, &Cut { shards: 2, lengths: vec![1], restart: None });
    let alerts: Vec<&String> =
        facts.iter().filter(|(key, _)| key.starts_with("alert")).map(|(_, value)| value).collect();
    let [alert] = alerts[..] else { panic!("{alerts:?}") };
    assert!(alert.contains("drove 6:00 h without a break of 45 min"), "{alert}");
    assert!(alert.contains("stale: true"), "{alert}");
}

#[test]
fn what_may_still_be_driven_is_told_as_driving_and_rest_go_on() {
    check(
        "show left
         profile D 12:00:00 us395
         login v1 12:00:00 D
         drive v1 12:01:00..12:03:00 50
         fleet 12:03:10
         drive v1 12:03:01..12:06:30 50
         fleet 12:07:00
         stand v1 12:06:31..12:20:00 every=30
         fleet 12:09:00
         fleet 12:11:00
         fleet 12:37:00
         profile D 12:40:00 eu561
         fleet 12:41:00
         fleet 21:06:00",
        expect![[r#"
            show left
            profile D 12:00:00 us395
            login v1 12:00:00 D
            drive v1 12:01:00..12:03:00 50
            fleet 12:03:10
              -> left D us395 since 12:01:00 driving, at 12:02:00: 479 659 4199 ? of 660 window 26:01:00
            drive v1 12:03:01..12:06:30 50
            fleet 12:07:00
              -> left D us395 since 12:01:00 driving, at 12:05:00: 476 656 4196 ? of 660 window 26:01:00
            stand v1 12:06:31..12:20:00 every=30
            fleet 12:09:00
            fleet 12:11:00
              -> left D us395 since 12:07:00 resting: 474 654 4194 ? of 660 window 26:01:00 break 12:37:00 rest 22:07:00
            fleet 12:37:00
              -> left D us395 since 12:07:00 resting: 480 654 4194 ? of 660 window 26:01:00 break 12:37:00 rest 22:07:00
            profile D 12:40:00 eu561
            fleet 12:41:00
              -> left D eu561 since 12:07:00 resting: 264 594 3354 5394 of 600 break 12:52:00 rest 21:07:00
            fleet 21:06:00
              -> left D eu561 since 12:07:00 resting: 270 594 3354 5394 of 600 break 12:52:00 rest 21:07:00
        "#]],
    );
}

/// The minute that makes it too long is heard of before the upload, also where one epoch brings both.
#[test]
fn what_was_known_before_an_upload_is_not_raised_by_it() {
    let rows = rows_of(&[(271, 10, false), (20, 10, true), (20, 10, true), (20, 10, false)]);
    let cut = |length: usize| Cut { shards: 1, lengths: vec![length], restart: None };
    let fine = run(&rows, HoursProfile::Eu561, &cut(1));
    assert!(fine.values().any(|value| value.contains("stale: false")), "{fine:?}");
    for length in [7, 50, 1_000] {
        assert_eq!(run(&rows, HoursProfile::Eu561, &cut(length)), fine, "{length} fixes in an epoch");
    }
}

proptest! {
    #![proptest_config(seeded(48))]

    /// Which alerts a driver has, under which ids, when they were raised and whether they are stale, is the same for all.
    #[test]
    fn cuts_shards_and_restarts_change_no_hours_of_service(
        stints in proptest::collection::vec(stint(), 4..40),
        profile in profiles(),
        (a, b) in (cut(), cut()),
    ) {
        let rows = rows_of(&stints);
        assert_same(&run(&rows, profile, &a), &run(&rows, profile, &b))?;
    }
}
