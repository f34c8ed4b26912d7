use super::{super::tests::weeks_of_driving, *};
use crate::{
    config::EngineConfig,
    driver::hours::{Hours, runs::Run},
};
use tacho_model::{LogTime, VehicleId};

/// A Monday, 00:00 UTC.
const MONDAY: u32 = 29_540_160;
const DAY: u32 = 1_440;
const PROFILES: [HoursProfile; 3] = [HoursProfile::Eu561, HoursProfile::Us395, HoursProfile::Us395Sixty];

/// Runs by (start, length) in minutes from Monday.
fn driven(pieces: &[(u32, u32)]) -> Runs {
    Runs::remembering(pieces.iter().flat_map(|(start, length)| *start..start + length).map(|minute| MONDAY + minute))
}

/// What is left, minutes from Monday: `break day/limit week fortnight`, then what is known of moments.
fn shown(left: Option<Left>) -> String {
    let Some(left) = left else { return "nothing".to_owned() };
    let minutes = |minutes: Option<u32>| minutes.map_or("?".to_owned(), |minutes| minutes.to_string());
    let at = |name: &str, at: Option<u32>| at.map_or(String::new(), |at| format!(" {name} {}", at - MONDAY));
    let Doing { is_driving, since, counted_until } = left.present;
    let doing = if is_driving { format!("drives, at {}", counted_until - MONDAY) } else { "rests".to_owned() };
    let of_day = format!("{}/{}", minutes(left.day_left_min), left.day_limit_min);
    let long = [left.week_left_min, left.fortnight_left_min].map(minutes).join(" ");
    let moments = [at("window", left.window_end), at("break", left.break_at), at("rest", left.daily_rest_at)].concat();
    format!("{doing} since {}: {} {of_day} {long}{moments}", since - MONDAY, minutes(left.break_left_min))
}

fn of(profile: HoursProfile, pieces: &[(u32, u32)], now: u32) -> Left {
    Left::of(profile, &driven(pieces), MONDAY + now).expect("something was driven")
}

fn eu(pieces: &[(u32, u32)], now: u32) -> String {
    shown(Some(of(HoursProfile::Eu561, pieces, now)))
}

fn us(pieces: &[(u32, u32)], now: u32) -> String {
    shown(Some(of(HoursProfile::Us395, pieces, now)))
}

/// Minutes until a break is due, and from when on the present rest is one.
fn eu_break(pieces: &[(u32, u32)], now: u32) -> (Option<u32>, Option<u32>) {
    let left = of(HoursProfile::Eu561, pieces, now);
    (left.break_left_min, left.break_at.map(|at| at - MONDAY))
}

fn eu_day(pieces: &[(u32, u32)], now: u32) -> (Option<u32>, u32) {
    let left = of(HoursProfile::Eu561, pieces, now);
    (left.day_left_min, left.day_limit_min)
}

/// A day of 9 h 30 with its breaks.
fn long_day(day: u32) -> [(u32, u32); 3] {
    [(day * DAY, 240), (day * DAY + 300, 240), (day * DAY + 600, 90)]
}

#[test]
fn of_one_who_drives_it_is_told_at_the_first_minute_and_every_five() {
    assert_eq!(shown(Left::of(HoursProfile::Eu561, &Runs::default(), MONDAY)), "nothing");
    assert_eq!(eu(&[(2, 1)], 3), "drives, at 3 since 2: 269 599/600 3359 5399");
    assert_eq!(eu(&[(2, 2)], 4), "drives, at 3 since 2: 269 599/600 3359 5399");
    assert_eq!(eu(&[(2, 3)], 5), "drives, at 5 since 2: 267 597/600 3357 5397");
    // The last two minutes may not have been heard of; a red light is no rest.
    assert_eq!(eu(&[(2, 3)], 7), eu(&[(2, 3)], 5));
    assert_eq!(eu(&[(2, 3)], 8), "rests since 5: 267 597/600 3357 5397 break 50 rest 545");
    assert_eq!(eu(&[(2, 3), (7, 3)], 10), "drives, at 10 since 2: 264 594/600 3354 5394");
    assert_eq!(eu(&[(2, 3), (8, 2)], 10), "drives, at 10 since 8: 265 595/600 3355 5395");
}

#[test]
fn a_break_is_complete_after_45_minutes_or_15_and_then_30() {
    let whole = [(0, 200)];
    assert_eq!(eu_break(&whole, 244), (Some(70), Some(245)));
    assert_eq!(eu_break(&whole, 245), (Some(270), Some(245)));
    assert_eq!(eu_break(&whole, 246), (Some(270), Some(245)));
    let in_parts = [(0, 100), (115, 100)];
    assert_eq!(eu_break(&in_parts[..1], 120), (Some(170), Some(145)), "a first part may become a whole break");
    assert_eq!(eu_break(&in_parts, 244), (Some(70), Some(245)));
    assert_eq!(eu_break(&in_parts, 245), (Some(270), Some(245)));
    assert_eq!(eu_break(&[(0, 100), (114, 100)], 244), (Some(70), Some(259)), "14 minutes are no first part");
    assert_eq!(eu_break(&[(0, 280)], 281), (Some(0), None), "not less than nothing");
}

#[test]
fn a_day_has_ten_hours_as_long_as_the_week_has_a_long_day() {
    assert_eq!(eu_day(&[(0, 240), (300, 240)], 545), (Some(120), 600));
    let mut week: Vec<(u32, u32)> = (0..2).flat_map(long_day).collect();
    assert_eq!(eu_day(&week, DAY + 695), (Some(30), 600), "the second one is under way");
    assert_eq!(eu_day(&week, DAY + 690 + 539), (Some(30), 600));
    assert_eq!(eu_day(&week, DAY + 690 + 540), (Some(540), 540), "none is left after a daily rest");
    week.extend([(2 * DAY, 240), (2 * DAY + 300, 240)]);
    assert_eq!(eu_day(&week, 2 * DAY + 545), (Some(60), 540));
    week.push((2 * DAY + 600, 90));
    assert_eq!(eu_day(&week, 2 * DAY + 695), (Some(0), 540));
    assert_eq!(eu_day(&week, 7 * DAY - 1), (Some(540), 540));
    assert_eq!(eu_day(&week, 7 * DAY), (Some(600), 600), "a week has two");
}

#[test]
fn a_week_begins_anew_on_monday_and_two_weeks_keep_the_one_before() {
    let sunday = [(6 * DAY + 1_200, 200)];
    assert_eq!(eu(&sunday, 7 * DAY - 1), "rests since 10040: 70 400/600 3160 5200 break 10085 rest 10580");
    assert_eq!(eu(&sunday, 7 * DAY), "rests since 10040: 70 400/600 3360 5200 break 10085 rest 10580");
    assert_eq!(of(HoursProfile::Eu561, &sunday, 14 * DAY - 1).fortnight_left_min, Some(5_200));
    assert_eq!(of(HoursProfile::Eu561, &sunday, 14 * DAY).fortnight_left_min, Some(5_400));
    let over_midnight = [(6 * DAY + 1_400, 60)];
    assert_eq!(eu(&over_midnight, 7 * DAY), "drives, at 10080 since 10040: 230 560/600 3360 5360");
    assert_eq!(eu(&over_midnight, 7 * DAY + 20), "drives, at 10100 since 10040: 210 540/600 3340 5340");
}

#[test]
fn us_rests_complete_a_break_a_shift_and_a_cycle() {
    let shift = [(0, 240), (300, 300)];
    assert_eq!(us(&shift[..1], 269), "rests since 240: 240 420/660 3960 ? window 840 break 270 rest 840");
    assert_eq!(us(&shift[..1], 270), "rests since 240: 480 420/660 3960 ? window 840 break 270 rest 840");
    assert_eq!(us(&shift, 600), "drives, at 600 since 300: 180 120/660 3660 ? window 840");
    assert_eq!(us(&shift, 1_199), "rests since 600: 480 120/660 3660 ? window 840 break 630 rest 1200");
    assert_eq!(us(&shift, 1_200), "rests since 600: 480 660/660 3660 ? break 630 rest 1200");
    assert_eq!(of(HoursProfile::Us395, &shift, 600 + 2_039).week_left_min, Some(3_660));
    assert_eq!(of(HoursProfile::Us395, &shift, 600 + 2_040).week_left_min, Some(4_200));
    let late = [(0, 60), (1_000, 20)];
    assert_eq!(us(&late, 1_020), "drives, at 1020 since 1000: 460 640/660 4120 ? window 1840", "another shift");
}

#[test]
fn minutes_that_leave_the_cycle_come_back_on_the_grid() {
    let days: Vec<(u32, u32)> = (0..8).map(|day| (day * DAY, 300)).collect();
    let left = |profile, now| of(profile, &days, now).week_left_min;
    let in_eight_days = |now| left(HoursProfile::Us395, now);
    assert_eq!(in_eight_days(7 * DAY + 300), Some(4_200 - 2_400));
    assert_eq!(
        [8 * DAY, 8 * DAY + 4, 8 * DAY + 5, 8 * DAY + 300].map(in_eight_days),
        [1_800, 1_800, 1_805, 2_100].map(Some)
    );
    assert_eq!(next_look(HoursProfile::Us395, &driven(&days), MONDAY + 8 * DAY), Some(MONDAY + 8 * DAY + 5));
    assert_eq!(
        left(HoursProfile::Us395Sixty, 7 * DAY),
        Some(3_600 - 2_100),
        "of one who drives: up to the first minute"
    );
    assert_eq!(left(HoursProfile::Us395Sixty, 7 * DAY + 300), Some(3_600 - 2_100), "as many leave as come in");
}

#[test]
fn what_needs_forgotten_minutes_is_not_told() {
    // Never nine hours of rest, for more than two weeks.
    let pieces: Vec<(u32, u32)> = (0..16 * 24 / 4).map(|n| (n * 240, 180)).collect();
    let mut runs = driven(&pieces);
    runs.forget_before(MONDAY + DAY);
    let at = |profile, now| shown(Left::of(profile, &runs, MONDAY + now));
    let end = pieces[pieces.len() - 1].0 + 180;
    assert_eq!(at(HoursProfile::Eu561, end + 10), "rests since 22980: 90 ?/600 1200 0 break 23025 rest 23520");
    assert_eq!(at(HoursProfile::Eu561, end + 540), "rests since 22980: 270 ?/600 1200 0 break 23025 rest 23520");
    assert_eq!(at(HoursProfile::Eu561, 21 * DAY), "rests since 22980: 270 600/600 3360 3240 break 23025 rest 23520");
    assert_eq!(at(HoursProfile::Us395, end + 10), "rests since 22980: 300 ?/660 0 ? break 23010 rest 23580");
    assert_eq!(at(HoursProfile::Us395, end + 600), "rests since 22980: 480 660/660 0 ? break 23010 rest 23580");
    // A first part that hangs on what is forgotten may be none.
    let mut runs = driven(&[(0, 100), (115, 100)]);
    runs.forget_before(MONDAY + 110);
    let left =
        |now| Left::of(HoursProfile::Eu561, &runs, MONDAY + now).map(|left| (left.break_left_min, left.break_at));
    assert_eq!(left(244), Some((None, Some(MONDAY + 260))));
    assert_eq!(left(259), Some((None, Some(MONDAY + 260))));
    assert_eq!(left(260), Some((Some(270), Some(MONDAY + 260))));
}

/// Whatever was driven, nothing changes between two looks: so the last look alone decides what was told last.
#[test]
fn it_changes_only_where_it_is_looked_at() {
    for (seed, profile) in (0..6).zip(PROFILES.repeat(2)) {
        let minutes = weeks_of_driving(seed, 9);
        let mut runs = Runs::remembering(minutes.iter().map(|minute| MONDAY + minute));
        let mut now = runs.last_end().expect("something was driven") - 60;
        let end = now + MEMORY_MIN + 3 * DAY;
        let (mut looks, mut changes) = (0, 0);
        while now < end {
            runs.forget_before(now - MEMORY_MIN);
            let left = Left::of(profile, &runs, now);
            let next = next_look(profile, &runs, now).unwrap_or(end).min(end);
            let mut later = runs.clone();
            for minute in now + 1..next {
                later.forget_before(minute - MEMORY_MIN);
                assert_eq!(
                    Left::of(profile, &later, minute),
                    left,
                    "{profile:?} seed {seed} at {minute}, seen at {now}"
                );
            }
            looks += 1;
            later.forget_before(next - MEMORY_MIN);
            changes += u32::from(Left::of(profile, &later, next) != left);
            now = next;
        }
        assert!(changes > 4 && looks < 3_000, "{profile:?}: {changes} changes in {looks} looks");
    }
}

impl Hours {
    /// What an epoch that ends at that minute tells, if anything.
    fn left_news(&mut self, config: &EngineConfig, minute: u32) -> Option<String> {
        let mut news = None;
        self.judge(config, Some(instant_of(MONDAY + minute)));
        self.tell_left(|left| news = Some(shown(left.copied())));
        news
    }

    fn hear(&mut self, minute: u32) {
        let at = instant_of(MONDAY + minute);
        self.take_minute(at, 60_000, &VehicleId::from("v1"), LogTime(at.ms() + 61_000));
    }
}

fn config(profile: Option<HoursProfile>) -> EngineConfig {
    EngineConfig { hours_profile: profile, ..EngineConfig::default() }
}

#[test]
fn little_is_told_and_each_of_it_once() {
    let config = config(Some(HoursProfile::Eu561));
    let (mut hours, mut told_at) = (Hours::default(), Vec::new());
    for minute in 0..1_000 {
        // 52 minutes of driving, then rest.
        if (1..53).contains(&minute) {
            hours.hear(minute - 1);
        }
        if hours.left_news(&config, minute).is_some() {
            told_at.push(minute);
        }
        assert_eq!(hours.left_news(&config, minute), None, "it is told once");
    }
    assert_eq!(told_at, [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 97, 592]);
}

#[test]
fn an_upload_of_hours_is_told_once_a_minute_and_as_a_whole_in_the_end() {
    let config = config(Some(HoursProfile::Eu561));
    let (mut hours, mut told) = (Hours::default(), Vec::new());
    // A minute of driving with every epoch, ten epochs in a minute.
    for minute in 0..40 {
        hours.hear(minute);
        told.extend(hours.left_news(&config, 400 + minute / 10));
    }
    assert_eq!(told.len(), 4, "{told:?}");
    let due = hours.due_after(instant_of(MONDAY + 403)).expect("there is more to tell");
    assert!(due <= instant_of(MONDAY + 404));
    let last = hours.left_news(&config, 404);
    assert_eq!(last.as_deref(), Some("rests since 40: 270 560/600 3320 5360 break 85 rest 580"));
}

#[test]
fn a_driver_without_a_profile_has_nothing_left() {
    let eu = config(Some(HoursProfile::Eu561));
    let mut hours = Hours::default();
    hours.hear(0);
    assert!(hours.left_news(&eu, 1).is_some());
    assert_eq!(hours.left_news(&config(None), 2).as_deref(), Some("nothing"));
    assert_eq!(hours.left_news(&config(None), 3), None);
    let us = config(Some(HoursProfile::Us395));
    assert_eq!(
        hours.left_news(&us, 4).as_deref(),
        Some("rests since 1: 479 659/660 4199 ? window 840 break 31 rest 601")
    );
}

#[test]
fn a_stretch_goes_back_to_the_first_pause_that_is_long_enough() {
    let runs = driven(&[(0, 10), (13, 2), (17, 3)]);
    let stretch = |now, pause_min| runs.stretch_before(MONDAY + now, pause_min);
    let expected = |start: u32, end: u32| Some(Run { start: MONDAY + start, end: MONDAY + end });
    assert_eq!(stretch(30, 3), expected(13, 20));
    assert_eq!(stretch(30, 4), expected(0, 20));
    assert_eq!(stretch(18, 3), expected(13, 18));
    assert_eq!(stretch(17, 3), expected(13, 15));
    assert_eq!(stretch(0, 3), None);
}
