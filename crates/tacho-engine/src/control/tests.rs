use super::*;
use tacho_model::{Command, Geofence, LogTime, Period, Schedule, Shape};

const DAY_MS: i64 = 86_400_000;

fn circle(id: &str, lon: f64, radius_m: f64) -> Geofence {
    Geofence {
        geofence_id: id.into(),
        name: Box::default(),
        kind: GeofenceKind::Zone,
        shape: Shape::circle(LatLon { lat: 10.0, lon }, radius_m).unwrap(),
        limit_kmph: f32::NAN,
        schedule: None,
        scope: None,
        tells_crossings: false,
    }
}

fn command(at: i64, offset: i64, kind: CommandKind) -> SideEvent {
    let body = SideBody::Command(Command { command_id: "c".into(), kind, json: String::new() });
    SideEvent { partition: 0, offset, log_time: LogTime(at), at: EventTime(at), body, extra: String::new() }
}

fn upsert(at: i64, offset: i64, fence: Geofence) -> SideEvent {
    command(at, offset, CommandKind::GeofenceUpsert(Arc::new(fence)))
}

fn delete(at: i64, offset: i64, id: &str) -> SideEvent {
    command(at, offset, CommandKind::GeofenceDelete { geofence_id: id.into() })
}

fn time(fleet: i64) -> EpochTime {
    EpochTime { fleet: Some(EventTime(fleet)), log: LogTime(fleet) }
}

fn radius_at(control: &Control, at: i64) -> Option<f64> {
    let slot = control.slot(&"a".into())?;
    let version = control.fence(slot).at(EventTime(at))?;
    let bounds = version.shape.bounds();
    Some(((bounds.north - bounds.south) * 111_195.0 / 2.0).round())
}

#[test]
fn a_version_holds_from_its_command_to_the_next_in_whatever_order_they_come() {
    let commands = [
        upsert(1_000, 1, circle("a", 20.0, 100.0)),
        upsert(3_000, 2, circle("a", 20.0, 300.0)),
        upsert(3_000, 3, circle("a", 20.0, 400.0)),
        delete(5_000, 4, "a"),
        upsert(7_000, 5, circle("a", 20.0, 700.0)),
    ];
    let moments = [(0, None), (1_000, Some(100.0)), (2_999, Some(100.0)), (3_000, Some(400.0))];
    let moments = moments.into_iter().chain([(4_999, Some(400.0)), (5_000, None), (7_000, Some(701.0))]);
    let mut at_once = ControlStage::default();
    at_once.run(time(0), &commands);
    let mut one_by_one = ControlStage::default();
    for index in [4, 3, 0, 1, 2] {
        one_by_one.run(time(0), &commands[index..=index]);
    }
    for (at, radius_m) in moments {
        for stage in [&at_once, &one_by_one] {
            let found = radius_at(&stage.control(), at);
            let is_same = found.is_some() == radius_m.is_some()
                && found.is_none_or(|found| (found - radius_m.unwrap_or(0.0)).abs() < 2.0);
            assert!(is_same, "{at}: {found:?}, {radius_m:?}");
        }
    }
    let fence = at_once.control();
    let fence = fence.fence(0);
    assert_eq!(fence.deleted_at(EventTime(6_000)), Some(EventTime(5_000)));
    assert!(!fence.is_over(EventTime(6_000)), "it begins again");
    assert_eq!(fence.deleted_at(EventTime(8_000)), None);
}

#[test]
fn what_was_replaced_is_known_for_thirty_days_of_fleet_time() {
    let mut stage = ControlStage::default();
    stage.run(time(0), &[upsert(1_000, 1, circle("a", 20.0, 100.0)), upsert(2_000, 2, circle("a", 20.0, 200.0))]);
    let revision = stage.control().revision();
    stage.run(time(2_000 + 30 * DAY_MS - 1), &[]);
    assert_eq!((stage.control().revision(), radius_at(&stage.control(), 1_500)), (revision, Some(100.0)));
    stage.run(time(2_000 + 30 * DAY_MS), &[]);
    assert_eq!(radius_at(&stage.control(), 1_500), None);
    assert_eq!(radius_at(&stage.control(), 2_500), Some(200.0));
    stage.run(time(40 * DAY_MS), &[delete(40 * DAY_MS, 3, "a")]);
    stage.run(time(70 * DAY_MS), &[]);
    assert!(stage.control().is_empty(), "a deleted one is forgotten as a whole");
}

#[test]
fn a_snapshot_is_the_same_state() {
    let mut stage = ControlStage::default();
    let mut fence = circle("b", 30.0, 50.0);
    let period = Period { weekdays: 0x7f, from_minute: 0, to_minute: 60 };
    fence.schedule = Some(Schedule { time_zone: "America/Santiago".into(), periods: vec![period] });
    stage.run(time(0), &[upsert(1_000, 1, fence), upsert(2_000, 2, circle("a", 20.0, 200.0)), delete(3_000, 3, "a")]);
    let mut restored = ControlStage::default();
    restored.restore(&stage.snapshot()).unwrap();
    assert_eq!(restored.snapshot(), stage.snapshot());
    let (before, after) = (stage.control(), restored.control());
    assert_eq!(before.revision(), after.revision());
    for hour in 0..48 {
        let at = EventTime(1_772_409_600_000 + hour * 3_600_000);
        let is_open = |control: &Control| control.fence(1).at(at).unwrap().is_open(at);
        assert_eq!(is_open(&before), is_open(&after), "the zone is found again");
        assert_eq!(is_open(&before), hour % 24 == 3, "midnight in Santiago in summer is three in UTC");
    }
    assert!(ControlStage::default().restore(&[9, 9]).is_err());
}

#[test]
fn hours_follow_the_wall_clock_over_a_change_of_the_clocks() {
    // Berlin, 2026-03-29: two o'clock becomes three; 2026-10-25: three becomes two again.
    let schedule = |from_minute, to_minute| Schedule {
        time_zone: "Europe/Berlin".into(),
        periods: vec![Period { weekdays: 1 << 6, from_minute, to_minute }],
    };
    let open_minutes = |schedule: &Schedule, midnight_utc: i64| {
        let hours = hours::Hours::new(schedule);
        (-120..1_440).filter(|minute| hours.is_open(schedule, EventTime(midnight_utc + minute * 60_000))).count()
    };
    let (spring, autumn) = (1_774_742_400_000, 1_792_886_400_000);
    assert_eq!(open_minutes(&schedule(120, 180), spring), 0, "an hour that is left out");
    assert_eq!(open_minutes(&schedule(120, 180), autumn), 120, "an hour that comes twice");
    assert_eq!(open_minutes(&schedule(60, 240), spring), 120);
    assert_eq!(open_minutes(&schedule(60, 240), autumn), 240);
    assert_eq!(open_minutes(&schedule(600, 660), spring), 60);
}

#[test]
fn the_index_finds_what_holds_a_position_and_knows_clear_cells() {
    let mut stage = ControlStage::default();
    let fences = [circle("a", 179.999, 1_000.0), circle("b", 20.0, 300.0), circle("c", 20.001, 50_000.0)];
    let commands: Vec<SideEvent> =
        fences.into_iter().zip(1..).map(|(fence, offset)| upsert(1_000, offset, fence)).collect();
    stage.run(time(0), &commands);
    let control = stage.control();
    for (lon, slots, is_clear) in [
        (179.9999, vec![0], false),
        (-179.9999, vec![0], false),
        (20.0, vec![1, 2], false),
        (20.3, vec![2], false),
        (21.0, vec![], true),
        (-20.0, vec![], true),
        (-180.0, vec![0], false),
        (180.0, vec![0], false),
    ] {
        let at = LatLon { lat: 10.0, lon };
        let mut found: Vec<u32> = control.near(at).collect();
        found.sort_unstable();
        assert_eq!((found, control.is_clear(Control::cell(at))), (slots, is_clear), "{lon}");
    }
    let leg = |from: f64, to: f64| {
        let mut found: Vec<u32> =
            control.near_leg(LatLon { lat: 10.0, lon: from }, LatLon { lat: 10.0, lon: to }).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    assert_eq!(leg(-179.9, 179.9), [0]);
    assert_eq!(leg(19.0, 21.0), [1, 2]);
    assert_eq!(leg(22.0, 21.0), Vec::<u32>::new());
}
