use super::*;
use std::collections::BTreeMap;

/// A Monday, 00:00 UTC.
const MONDAY: u32 = 29_540_160;

/// Runs by (start, length) in minutes from Monday.
fn runs(pieces: &[(u32, u32)]) -> Runs {
    let mut runs = Runs::default();
    for (start, length) in pieces {
        for minute in *start..start + length {
            runs.insert(MONDAY + minute);
        }
    }
    runs
}

/// `rule since..until value/limit`, minutes from Monday.
fn shown(violations: &[Violation]) -> Vec<String> {
    let from_monday = |at: EventTime| i64::from(minute_of(at)) - i64::from(MONDAY);
    let text = |v: &Violation| {
        let until = v.until.map_or("...".to_owned(), |until| from_monday(until).to_string());
        format!("{} {}..{until} {}/{}", v.rule.as_str(), from_monday(v.since), v.value_min, v.limit_min)
    };
    violations.iter().map(text).collect()
}

fn eu(pieces: &[(u32, u32)], now: u32) -> Vec<String> {
    shown(&eu561::judge(&runs(pieces), MONDAY + now).violations)
}

fn us(pieces: &[(u32, u32)], now: u32) -> Vec<String> {
    shown(&us395::judge(&runs(pieces), &us395::SEVENTY_IN_EIGHT_DAYS, MONDAY + now).violations)
}

fn config(profile: HoursProfile) -> EngineConfig {
    EngineConfig { hours_profile: Some(profile), ..EngineConfig::default() }
}

fn at(minute: u32) -> EventTime {
    instant_of(MONDAY + minute)
}

impl Hours {
    /// A minute that is heard of when it ends.
    fn drive(&mut self, minute: u32) {
        self.drive_heard(minute, minute + 1);
    }

    fn drive_heard(&mut self, minute: u32, heard: u32) {
        self.take_minute(at(minute), 60_000, &VehicleId::from("v1"), LogTime(at(heard).ms() - 1));
    }

    /// What an epoch that ends at that minute tells.
    fn news(&mut self, config: &EngineConfig, minute: u32) -> Vec<Told> {
        let mut news = Vec::new();
        self.judge(config, Some(at(minute)));
        self.tell(|told| news.push(told.clone()));
        news
    }
}

/// `id rule since..until value/limit`, the id as the begin that it is made of.
fn told_as(news: &[Told]) -> Vec<String> {
    let state = |told: &Told| if told.is_withdrawn { " withdrawn" } else { "" };
    news.iter().map(|told| shown(std::slice::from_ref(&told.violation)).join("") + state(told)).collect()
}

#[test]
fn monday_is_the_start_of_a_week() {
    assert_eq!(runs::week_of(MONDAY), runs::week_of(MONDAY - 1) + 1);
    assert_eq!(runs::week_end(MONDAY), MONDAY + 7 * 1_440);
}

#[test]
fn minutes_in_any_order_make_the_same_runs() {
    let mut shuffled = Runs::default();
    for minute in [5, 3, 9, 4, 10, 8, 3] {
        shuffled.insert(minute);
    }
    let mut ordered = Runs::default();
    for minute in [3, 4, 5, 8, 9, 10] {
        ordered.insert(minute);
    }
    assert_eq!(shuffled, ordered);
    assert_eq!(shuffled.iter().count(), 2);
    assert_eq!(shuffled.driven_min(4, 10), 4);
}

#[test]
fn a_break_is_due_after_four_and_a_half_hours() {
    assert_eq!(eu(&[(0, 270)], 300), Vec::<String>::new());
    assert_eq!(eu(&[(0, 271)], 280), ["eu_break 270..... 271/270"]);
    assert_eq!(eu(&[(0, 280)], 324), ["eu_break 270..... 280/270"]);
    assert_eq!(eu(&[(0, 280)], 325), ["eu_break 270..325 280/270"], "it ends when 45 minutes are complete");
    // A stop of 44 minutes does not help, but it is a first part: 30 more are enough.
    assert_eq!(eu(&[(0, 200), (244, 100)], 400), ["eu_break 314..374 300/270"]);
}

#[test]
fn a_break_in_two_parts_is_15_then_30_and_not_30_then_15() {
    assert_eq!(eu(&[(0, 100), (115, 100), (245, 270)], 516), Vec::<String>::new());
    assert_eq!(eu(&[(0, 100), (130, 100), (245, 100)], 346), ["eu_break 315..... 300/270"]);
    // A longer first part does not shorten the second.
    assert_eq!(eu(&[(0, 100), (144, 100), (268, 100)], 369), ["eu_break 338..... 300/270"]);
}

#[test]
fn a_day_has_nine_hours_and_ten_twice_a_week() {
    // Stints of 4 h with breaks of an hour: 9 h 30 a day, on three days.
    let day = |d: u32| [(d * 1_440, 240), (d * 1_440 + 300, 240), (d * 1_440 + 600, 90)];
    let week: Vec<(u32, u32)> = (0..3).flat_map(day).collect();
    assert_eq!(eu(&week[..6], 2 * 1_440), Vec::<String>::new());
    assert_eq!(eu(&week, 3 * 1_440 + 300), ["eu_day 3540..4110 570/540"]);
    // And ten at the most.
    assert_eq!(eu(&[(0, 240), (300, 240), (600, 130)], 731), ["eu_day 720..... 610/600"]);
}

#[test]
fn a_week_has_56_hours_and_two_have_90() {
    // 8 h 30 a day: 59 h 30 in a week.
    let day = |d: u32| [(d * 1_440, 240), (d * 1_440 + 300, 240), (d * 1_440 + 600, 30)];
    let week: Vec<(u32, u32)> = (0..7).flat_map(day).collect();
    let found = eu(&week, 7 * 1_440 - 1);
    assert_eq!(found, ["eu_week 9000..... 3570/3360"]);
    assert_eq!(eu(&week, 7 * 1_440 + 10), ["eu_week 9000..10080 3570/3360"]);
    let fortnight: Vec<(u32, u32)> = (0..11).flat_map(day).collect();
    let found = eu(&fortnight, 11 * 1_440 + 600);
    assert_eq!(found.last().map(String::as_str), Some("eu_fortnight 14760..... 5610/5400"), "{found:?}");
}

#[test]
fn us_rules_know_breaks_shifts_and_the_window() {
    assert_eq!(us(&[(0, 240), (269, 250)], 519), ["us_break 509..... 490/480"]);
    assert_eq!(us(&[(0, 240), (270, 250)], 519), Vec::<String>::new());
    // 11 hours in a shift.
    assert_eq!(us(&[(0, 400), (430, 270)], 701), ["us_shift 690..... 670/660"]);
    // 14 hours after its start, although little was driven.
    assert_eq!(us(&[(0, 60), (600, 60), (830, 20)], 851), ["us_window 840..... 850/840"]);
    assert_eq!(us(&[(0, 60), (600, 60), (830, 20)], 1_450), ["us_window 840..1450 850/840"]);
}

#[test]
fn the_us_cycle_counts_eight_days_and_restarts() {
    let day = |d: u32| [(d * 1_440, 300), (d * 1_440 + 330, 300)];
    let week: Vec<(u32, u32)> = (0..8).flat_map(day).collect();
    let found = us(&week, 8 * 1_440);
    assert_eq!(found, ["us_cycle 10080..... 4800/4200"]);
    // A day and a half off, and it begins anew.
    let mut rested: Vec<(u32, u32)> = (0..6).flat_map(day).collect();
    rested.extend((8..10).flat_map(day));
    assert_eq!(us(&rested, 10 * 1_440), Vec::<String>::new());
}

#[test]
fn sixty_hours_in_seven_days_are_a_profile_of_their_own() {
    let day = |d: u32| [(d * 1_440, 300), (d * 1_440 + 330, 300)];
    let week: Vec<(u32, u32)> = (0..8).flat_map(day).collect();
    let sixty = |now| shown(&us395::judge(&runs(&week), &us395::SIXTY_IN_SEVEN_DAYS, MONDAY + now).violations);
    assert_eq!(sixty(6 * 1_440), Vec::<String>::new(), "six days of ten hours are 60");
    assert_eq!(sixty(7 * 1_440), ["us_cycle_60 8640..... 4200/3600"]);
    assert_eq!(HoursProfile::of("us395_60"), Some(HoursProfile::Us395Sixty));
}

#[test]
fn a_declared_break_under_a_quarter_of_an_hour_is_a_violation() {
    let config = config(HoursProfile::Eu561);
    let mut hours = Hours::default();
    hours.start_break(at(10));
    hours.end_break(&config, at(24), LogTime(at(24).ms()));
    hours.start_break(at(60));
    hours.end_break(&config, at(75), LogTime(at(75).ms()));
    assert_eq!(told_as(&hours.news(&config, 80)), ["short_break 10..24 14/15"]);
    assert_eq!(hours.news(&config, 81), [], "it is told once");
}

#[test]
fn a_violation_is_told_when_it_begins_grows_and_ends_and_is_due_when_it_may() {
    let config = config(HoursProfile::Eu561);
    let (mut hours, mut told) = (Hours::default(), Vec::new());
    for minute in 0..272 {
        hours.drive(minute);
        told.extend(hours.news(&config, minute + 1));
    }
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|news| news.vehicle_id == VehicleId::from("v1") && news.violation.until.is_none()));
    assert_eq!(hours.due_after(at(272)), Some(at(272 + 3)), "the rest shows");
    assert_eq!(hours.news(&config, 275), []);
    assert_eq!(hours.due_after(at(275)), Some(at(272 + 30)));
    told.extend(hours.news(&config, 317));
    assert_eq!(told[2].violation.until, Some(at(317)));
    assert_eq!(hours.due_after(at(317)), Some(at(272 + 540)), "for what is left");
    assert!(!hours.is_over(at(317)));
    assert!(hours.is_over(at(317 + 16 * 1_440)));
}

#[test]
fn a_minute_that_comes_late_moves_a_violation_that_was_told_and_makes_no_other() {
    let config = config(HoursProfile::Eu561);
    let mut hours = Hours::default();
    (100..380).for_each(|minute| hours.drive(minute));
    assert_eq!(told_as(&hours.news(&config, 380)), ["eu_break 370..... 280/270"]);
    // Another vehicle stored an hour of before: the driver is told of with the begin that was told.
    (30..90).for_each(|minute| hours.drive_heard(minute, 380));
    let news = hours.news(&config, 381);
    assert_eq!(told_as(&news), ["eu_break 370..... 340/270"]);
    assert!(news[0].raised_at < LogTime(at(380).ms()), "it was raised when it was told first");
    assert_eq!(told_as(&hours.news(&config, 425)), ["eu_break 370..425 340/270"]);
}

#[test]
fn a_violation_that_what_comes_late_refutes_is_withdrawn() {
    let config = config(HoursProfile::Eu561);
    let mut hours = Hours::default();
    let drive = |hours: &mut Hours, pieces: &[(u32, u32)]| {
        let minutes = pieces.iter().flat_map(|(start, length)| *start..start + length);
        minutes.for_each(|minute| hours.drive(minute));
    };
    // 100 min, a first part of 44, 100 min, the second part; 140, a first part, 140, the second part.
    drive(&mut hours, &[(0, 100), (144, 100), (288, 140), (472, 140)]);
    assert_eq!(told_as(&hours.news(&config, 660)), ["eu_break 602..642 280/270"]);
    // The first part was none: so the next one is, and the third one completes the break.
    drive(&mut hours, &[(114, 2), (130, 1)]);
    let news = hours.news(&config, 661);
    assert_eq!(told_as(&news), ["eu_break 602..602 280/270 withdrawn", "eu_break 355..458 343/270"]);
    assert_eq!(hours.news(&config, 662), []);
}

#[test]
fn what_is_heard_of_late_was_raised_then() {
    let config = config(HoursProfile::Eu561);
    let mut hours = Hours::default();
    (0..271).for_each(|minute| hours.drive_heard(minute, 600));
    let news = hours.news(&config, 271);
    assert_eq!(news[0].raised_at, LogTime(at(600).ms() - 1));
    // An epoch that brings hours says when it was, all the same.
    let mut hours = Hours::default();
    (0..400).for_each(|minute| hours.drive(minute));
    let news = hours.news(&config, 400);
    assert_eq!((news[0].violation.value_min, news[0].raised_at), (400.0, LogTime(at(271).ms() - 1)));
}

#[test]
fn other_rules_end_what_lasts() {
    let config = config(HoursProfile::Eu561);
    let mut hours = Hours::default();
    (0..280).for_each(|minute| hours.drive(minute));
    hours.news(&config, 280);
    hours.set_profile(&config, at(290), Some(HoursProfile::Us395));
    assert_eq!(told_as(&hours.news(&config, 291)), ["eu_break 270..290 280/270"]);
    assert_eq!(hours.news(&config, 400), []);
}

#[test]
fn a_driver_who_never_rests_has_one_violation_that_ends_with_the_rest() {
    let config = config(HoursProfile::Us395);
    let (mut hours, mut told) = (Hours::default(), BTreeMap::new());
    let days = 20 * 1_440;
    for minute in (0..days).filter(|minute| minute % 240 > 5) {
        hours.drive(minute);
        if minute % 1_440 == 1_439 {
            keep(&mut told, hours.news(&config, minute + 1));
        }
    }
    keep(&mut told, hours.news(&config, days + 3_000));
    let rules: Vec<(&str, bool)> =
        told.values().map(|told| (told.violation.rule.as_str(), told.violation.until.is_some())).collect();
    assert_eq!(rules, [("us_break", true), ("us_shift", true), ("us_window", true), ("us_cycle", true)]);
}

/// The last word on each.
fn keep(told: &mut BTreeMap<(HoursRule, EventTime), Told>, news: Vec<Told>) {
    told.extend(news.into_iter().map(|news| ((news.violation.rule, news.violation.since), news)));
}

/// A number that looks random.
fn next(seed: &mut u64) -> u32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as u32
}

/// Stints with breaks and rests of all kinds, over many days.
pub(super) fn weeks_of_driving(seed: u64, days: u32) -> Vec<u32> {
    let (mut seed, mut minute, mut minutes) = (seed, 0, Vec::new());
    while minute < days * 1_440 {
        let stint = 20 + next(&mut seed) % 200;
        minutes.extend(minute..minute + stint);
        minute += stint;
        minute += match next(&mut seed) % 16 {
            0..6 => 10 + next(&mut seed) % 60,
            6..12 => 30 + next(&mut seed) % 30,
            12..15 => 540 + next(&mut seed) % 300,
            _ => 600 + next(&mut seed) % 2_800,
        };
    }
    minutes
}

/// Whatever is forgotten, and however long epochs are, a driver's weeks have the violations that all that was driven
/// shows, each under one id.
#[test]
fn what_is_forgotten_changes_nothing_that_was_told() {
    for (seed, profile) in (0..6).zip([HoursProfile::Eu561, HoursProfile::Us395, HoursProfile::Us395Sixty].repeat(2)) {
        let minutes = weeks_of_driving(seed, 45);
        let end = 47 * 1_440;
        let all = Runs::remembering(minutes.iter().map(|minute| MONDAY + minute));
        let expected = match profile {
            HoursProfile::Eu561 => eu561::judge(&all, MONDAY + end),
            HoursProfile::Us395 => us395::judge(&all, &us395::SEVENTY_IN_EIGHT_DAYS, MONDAY + end),
            HoursProfile::Us395Sixty => us395::judge(&all, &us395::SIXTY_IN_SEVEN_DAYS, MONDAY + end),
        };
        assert!(expected.violations.len() > 20, "{}", expected.violations.len());
        let mut by_id: Vec<Violation> = expected.violations;
        by_id.sort_by_key(|violation| (violation.rule, violation.since));
        for step in [61, 1_440] {
            let (mut hours, mut told, mut from) = (Hours::default(), BTreeMap::new(), 0);
            for now in (0..=end).step_by(step).chain([end]) {
                let to = minutes.partition_point(|minute| *minute < now);
                minutes[from..to].iter().for_each(|minute| hours.drive(*minute));
                from = to;
                keep(&mut told, hours.news(&config(profile), now));
            }
            let found: Vec<Violation> = told.into_values().map(|told| told.violation).collect();
            assert_eq!(shown(&found), shown(&by_id), "{profile:?} seed {seed} step {step}");
        }
    }
}

/// What is found, and when it was raised, is the same for minutes that come in one epoch and in many.
#[test]
fn epochs_of_hours_tell_what_short_ones_tell() {
    for (seed, profile) in (20..26).zip([HoursProfile::Eu561, HoursProfile::Us395].repeat(3)) {
        let minutes = weeks_of_driving(seed, 6);
        let told_by = |step: usize| {
            let (mut hours, mut told, mut from) = (Hours::default(), BTreeMap::new(), 0);
            for now in (0..=8 * 1_440).step_by(step) {
                let to = minutes.partition_point(|minute| *minute < now);
                minutes[from..to].iter().for_each(|minute| hours.drive(*minute));
                from = to;
                keep(&mut told, hours.news(&config(profile), now));
            }
            told.into_values().collect::<Vec<Told>>()
        };
        assert_eq!(told_by(1), told_by(720), "{profile:?} seed {seed}");
    }
}
