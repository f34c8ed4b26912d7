use super::*;
use tacho_model::EventTime;

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
    shown(&eu561::violations(&runs(pieces), MONDAY + now))
}

fn us(pieces: &[(u32, u32)], now: u32) -> Vec<String> {
    shown(&us395::violations(&runs(pieces), MONDAY + now))
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
fn a_declared_break_under_a_quarter_of_an_hour_is_a_violation() {
    let config = EngineConfig { hours_profile: Some(HoursProfile::Eu561), ..EngineConfig::default() };
    let at = |minute: u32| instant_of(MONDAY + minute);
    let mut hours = Hours::default();
    hours.start_break(at(10));
    hours.end_break(&config, at(24));
    hours.start_break(at(60));
    hours.end_break(&config, at(75));
    let mut told = Vec::new();
    hours.emit(&config, at(80), |news| told.push(news.violation));
    assert_eq!(shown(&told), ["short_break 10..24 14/15"]);
    hours.emit(&config, at(81), |news| told.push(news.violation));
    assert_eq!(told.len(), 1, "it is told once");
}

#[test]
fn a_violation_is_told_when_it_begins_grows_and_ends_and_is_due_when_it_may() {
    let config = EngineConfig { hours_profile: Some(HoursProfile::Eu561), ..EngineConfig::default() };
    let at = |minute: u32| instant_of(MONDAY + minute);
    let mut hours = Hours::default();
    let mut told = Vec::new();
    let vehicle = VehicleId::from("v1");
    for minute in 0..272 {
        hours.take_minute(at(minute), 60_000, &vehicle);
        hours.emit(&config, at(minute + 1), |news| told.push(news));
    }
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|news| news.vehicle_id == vehicle && news.violation.until.is_none()));
    assert_eq!(hours.due_after(at(272)), Some(at(272 + 30)));
    hours.emit(&config, at(317), |news| told.push(news));
    assert_eq!(told[2].violation.until, Some(at(317)));
    assert_eq!(hours.due_after(at(317)), None);
    assert!(!hours.is_over(at(317)));
    assert!(hours.is_over(at(317 + 16 * 1_440)));
}
