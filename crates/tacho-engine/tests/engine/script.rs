//! A small language for operator tests. Every line is an epoch; facts stand below the line that made them.
//!
//! ```text
//! show trips alerts rows               kinds of facts to print
//! fix v1 12:00:00 100 0 50 trip=T      one fix, 100 m east and 0 m north, 50 km/h
//! drive v1 12:00:00..12:01:00 50       fixes every second (every=N), eastwards
//! stand v1 12:01:00..12:02:00 ign=on   the same without moving (jitter=N metres)
//! start v1 12:00:00 T    end v1 12:05:00 T dist=500 dur=60 cancelled
//! login v1 12:00:00 D    logout v1 12:00:00 D    sos v1 12:00:00 D    ack v1 12:00:00 sos 11:59:58
//! setup v1 12:00:00 class=truck limit=70 volt=24 tank=80 reorder=5000
//! status v1 12:00:00 fuel=50 temp=90 codes=P0300,P0420   (codes= none are open)
//! plan v1 12:00:00 oil km=10000 h=250 due=20:00:00
//! workshop v1 12:00:00 in    device v1 12:00:00 id-1 tow 3    dismiss v1 12:00:00 idling 11:50:00
//!   of=D (an alert of that driver's hours) fence=G (of that geofence)
//! start v1 12:00:00 T stops=A;1000;0;12:05:00,B;2000;0;12:10:00 route=0;0,2000;0    replan v1 12:01:00 T stops=...
//! reach v1 12:05:00 T A    leave v1 12:06:00 T A outcome=delivered qty=10
//! profile D 12:00:00 us395    pause D 12:00:00    resume D 12:10:00
//! fence G 12:00:00 circle=100,0,50     a circle: east, north, radius; box=-50,-50,50,50 (hole=, and=) or line=0,0,500,0/30
//!   kind=forbidden limit=30 vehicles=v1 groups=g hours=08:00-16:00@Asia/Kolkata name=X crossings=on
//! private v1 12:00:00 on    private v1 12:10:00 off
//! call v1 12:00:00 flag=sos            a call for help of a refused message: who and when, nothing else
//! unfence G 12:00:00                   the geofence is deleted
//! speeds all 12:00:00 at=0;12;18;30,2500;12;18;30   a speed profile: metres east; hour; km/h; minutes of driving
//! fleet 12:10:00                       fleet time
//! restart                              snapshot and restore
//! ```

use crate::{
    profile,
    rig::{Rig, Row},
    texts::facts_of,
};
use expect_test::Expect;
use std::{collections::BTreeMap, fmt::Write, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_model::{
    Command, CommandKind, DeliveryPlan, DeviceAlert, DriverEvent, DriverEventKind, DriverSetup, EventTime, Geofence,
    GeofenceKind, LatLon, LogTime, MaintenanceItem, Period, PlannedStop, Schedule, Scope, Shape, SideBody, SideEvent,
    StopKind, TripEvent, TripEventKind, Tristate, VehicleClass, VehicleId, VehicleSetup, VehicleStatus, derived_id,
    device_flag,
};

/// 2026-03-02T00:00:00Z.
pub const DAY_MS: i64 = 1_772_409_600_000;
const HOME: LatLon = LatLon { lat: 12.97, lon: 77.59 };
pub const M_PER_DEGREE: f64 = 111_195.08;

/// A position by metres east and north of home.
pub fn place(east_m: f64, north_m: f64) -> LatLon {
    let lat = HOME.lat + north_m / M_PER_DEGREE;
    LatLon { lat, lon: HOME.lon + east_m / M_PER_DEGREE / HOME.lat.to_radians().cos() }
}

/// Runs a script and compares its facts. The same script with a restart after every line must give the same text.
pub fn check(script: &str, expected: Expect) {
    let text = run(script, 1, false);
    assert_eq!(run(script, 2, true), text, "a restart after every line, and two shards, change nothing");
    expected.assert_eq(&text);
}

/// The rig behind a script.
pub fn played(script: &str) -> Rig {
    played_with(script, EngineConfig::default())
}

/// The same with other thresholds.
pub fn played_with(script: &str, config: EngineConfig) -> Rig {
    play(script, Rig::with(1, Arc::new(config)), None).rig
}

/// What a script gives, its own lines included, for one that is too long to be shown.
pub fn outcome(script: &str) -> String {
    run(script, 1, false)
}

fn run(script: &str, shards: u16, restarts: bool) -> String {
    play(script, Rig::new(shards), restarts.then_some(shards)).text
}

/// With a restart after every line, if it is said with how many shards.
fn play(script: &str, rig: Rig, restarts: Option<u16>) -> Runner {
    let mut runner =
        Runner { rig, shown: Vec::new(), fleet: None, offset: 0, east_m: BTreeMap::new(), text: String::new() };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        runner.line(line);
        if let Some(shards) = restarts {
            runner.rig.restart(shards);
        }
    }
    runner
}

struct Runner {
    rig: Rig,
    shown: Vec<String>,
    fleet: Option<i64>,
    offset: i64,
    east_m: BTreeMap<String, f64>,
    text: String,
}

/// Words of a line: positional ones and `key=value` ones.
struct Line<'a> {
    words: Vec<&'a str>,
    options: BTreeMap<&'a str, &'a str>,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Line<'a> {
        let (options, words): (Vec<&str>, Vec<&str>) = line.split_whitespace().partition(|word| word.contains('='));
        Line { words, options: options.into_iter().filter_map(|word| word.split_once('=')).collect() }
    }
    fn number(&self, key: &str) -> f64 {
        self.options.get(key).map_or(f64::NAN, |value| value.parse().unwrap())
    }
    /// `stops=id;east;north;[planned][;service_s[;from;until[;ordered]]],...` and `route=east;north,...`; what is empty is absent.
    fn plan(&self) -> Option<DeliveryPlan> {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let stops = self.options.get("stops").map(|stops| {
            stops
                .split(',')
                .map(|stop| {
                    let parts: Vec<&str> = stop.split(';').collect();
                    let part = |index: usize| parts.get(index).copied().filter(|text| !text.is_empty());
                    let at = |index: usize| part(index).map(|text| EventTime(time(text)));
                    PlannedStop {
                        stop_id: parts[0].to_owned(),
                        customer_id: String::new(),
                        kind: StopKind::Delivery,
                        position: place(number(parts[1]), number(parts[2])),
                        planned_arrival: at(3),
                        window_start: at(5),
                        window_end: at(6),
                        planned_service_s: part(4).map_or(f64::NAN, number),
                        ordered_qty: part(7).map_or(10.0, number),
                    }
                })
                .collect()
        })?;
        let point = |text: &str| text.split_once(';').map(|(east, north)| place(number(east), number(north))).unwrap();
        let route = self.options.get("route").map(|route| route.split(',').map(point).collect()).unwrap_or_default();
        Some(DeliveryPlan { destination: None, planned_arrival: None, route, stops })
    }
    /// The alert that a review is of.
    fn alert_id(&self) -> String {
        let key = match (self.options.get("of"), self.options.get("fence")) {
            (Some(driver), _) => (*driver).to_owned(),
            (None, Some(fence)) => [self.words[1], fence].join("\0"),
            (None, None) => self.words[1].to_owned(),
        };
        derived_id(self.words[3], &key, time(self.words[4])).to_string()
    }
    fn text(&self, key: &str) -> String {
        self.options.get(key).copied().unwrap_or_default().to_owned()
    }
}

pub fn time(text: &str) -> i64 {
    let seconds = |part: &str| part.parse::<f64>().unwrap();
    let parts: Vec<f64> = text.split(':').map(seconds).collect();
    DAY_MS + ((parts[0] * 3_600.0 + parts[1] * 60.0 + parts[2]) * 1_000.0).round() as i64
}

impl Runner {
    fn line(&mut self, text: &str) {
        writeln!(self.text, "{text}").unwrap();
        let line = Line::parse(text);
        match line.words[0] {
            "show" => self.shown = line.words[1..].iter().map(|word| (*word).to_owned()).collect(),
            "restart" => self.rig.restart(2),
            "fleet" => {
                self.fleet = Some(time(line.words[1]));
                self.epoch(&[], &[]);
            }
            "fix" => {
                let number = |index: usize| line.words[index].parse::<f64>().unwrap();
                self.east_m.insert(line.words[1].to_owned(), number(3));
                let row = self.row(&line, time(line.words[2]), place(number(3), number(4)), number(5));
                self.epoch(&[row], &[]);
            }
            "call" => {
                let row = self.row(&line, time(line.words[2]), LatLon::UNKNOWN, f64::NAN);
                self.epoch(&[row], &[]);
            }
            "drive" | "stand" => {
                let rows = self.series(&line);
                self.epoch(&rows, &[]);
            }
            "speeds" => {
                let events = self.speeds(&line);
                self.epoch(&[], &events);
            }
            _ => {
                let event = self.side(&line);
                self.epoch(&[], &[event]);
            }
        }
    }

    fn series(&mut self, line: &Line<'_>) -> Vec<Row> {
        let (from, to) = line.words[2].split_once("..").unwrap();
        let speed_kmph = if line.words[0] == "drive" { line.words[3].parse().unwrap() } else { 0.0 };
        let every_ms = if line.options.contains_key("every") { line.number("every") * 1_000.0 } else { 1_000.0 };
        let jitter_m = if line.options.contains_key("jitter") { line.number("jitter") } else { 0.0 };
        let (mut at, mut n, mut rows) = (time(from), 0, Vec::new());
        let mut east_m = self.east_m.get(line.words[1]).copied().unwrap_or(0.0);
        while at < time(to) {
            let wobble = f64::from(n * 7 % 5 - 2) / 2.0 * jitter_m;
            rows.push(self.row(line, at, place(east_m + wobble, wobble / 2.0), speed_kmph));
            east_m += speed_kmph / 3.6 * every_ms / 1_000.0;
            at += every_ms as i64;
            n += 1;
        }
        self.east_m.insert(line.words[1].to_owned(), east_m);
        rows
    }

    fn row(&mut self, line: &Line<'_>, at: i64, position: LatLon, speed_kmph: f64) -> Row {
        self.offset += 1;
        let mut row = Row::new(line.words[1], at, position, speed_kmph as f32);
        row.offset = self.offset;
        row.log = line.options.get("log").map_or(at, |log| time(log));
        row.ignition = match line.options.get("ign") {
            Some(&"on") => Tristate::Yes,
            Some(_) => Tristate::No,
            None => Tristate::Unknown,
        };
        row.rpm = line.number("rpm") as f32;
        row.heading = line.number("head") as f32;
        row.accuracy_m = line.number("acc") as f32;
        row.accel_long_ms2 = line.number("long") as f32;
        row.accel_lat_ms2 = line.number("lat") as f32;
        row.limit_kmph = line.number("limit") as f32;
        row.battery_v = line.number("volt") as f32;
        row.fuel_pct = line.number("fuel") as f32;
        row.engine_temp_c = line.number("temp") as f32;
        row.accel_g = line.number("g") as f32;
        row.flags = match line.options.get("flag") {
            Some(&"sos") => device_flag::SOS,
            Some(_) => device_flag::CRASH,
            None => 0,
        };
        (row.driver, row.trip, row.event_id) = (line.text("drv"), line.text("trip"), line.text("id"));
        row
    }

    fn speeds(&mut self, line: &Line<'_>) -> Vec<SideEvent> {
        let mut speeds: Vec<(u64, u8, f64, f64)> = Vec::new();
        for entry in line.options["at"].split(',') {
            let numbers: Vec<f64> = entry.split(';').map(|number| number.parse().unwrap()).collect();
            let cell = profile::cell_at(place(numbers[0], 0.0));
            speeds.push((cell.into(), numbers[1] as u8, numbers[2], numbers[3]));
        }
        speeds.sort_by_key(|(cell, hour, ..)| (*cell, *hour));
        let at = time(line.words[2]);
        let event = |area| {
            self.offset += 1;
            SideEvent { offset: self.offset, ..profile::command(area, at, at) }
        };
        profile::areas(&speeds).into_iter().map(event).collect()
    }

    fn side(&mut self, line: &Line<'_>) -> SideEvent {
        self.offset += 1;
        let (vehicle_id, at) = (line.words[1].into(), time(line.words[2]));
        let trip = |kind| {
            let driver_id = line.text("drv").into();
            SideBody::Trip(TripEvent {
                trip_id: line.words[3].into(),
                vehicle_id: line.words[1].into(),
                driver_id,
                kind,
            })
        };
        let driver = |kind| {
            let driver_id = line.words.get(3).copied().unwrap_or_default().into();
            SideBody::Driver(DriverEvent { driver_id, vehicle_id: line.words[1].into(), kind })
        };
        let command = |kind| SideBody::Command(Command { command_id: "c".to_owned(), kind, json: String::new() });
        let body = match line.words[0] {
            "start" => {
                let delivery = line.plan().map(Arc::new);
                trip(TripEventKind::Start { origin: None, plan: String::new(), delivery })
            }
            "replan" => {
                let delivery = Arc::new(line.plan().unwrap());
                trip(TripEventKind::PlanUpdate { plan: String::new(), delivery })
            }
            "reach" => trip(TripEventKind::StopArrival { stop_id: line.words[4].to_owned() }),
            "leave" => trip(TripEventKind::StopDeparture {
                stop_id: line.words[4].to_owned(),
                outcome: line.text("outcome"),
                delivered_qty: line.number("qty"),
                reason: String::new(),
            }),
            "end" => trip(TripEventKind::End {
                end: None,
                distance_m: line.number("dist"),
                duration_s: line.number("dur"),
                cancelled: line.words.contains(&"cancelled"),
            }),
            "reassign" => command(CommandKind::TripReassign {
                trip_id: line.words[3].into(),
                vehicle_id: line.words[1].into(),
                driver_id: line.text("drv").as_str().into(),
            }),
            "erase" => command(CommandKind::DriverErase { driver_id: line.words[1].into() }),
            "login" => driver(DriverEventKind::Login),
            "logout" => driver(DriverEventKind::Logout),
            "sos" => driver(DriverEventKind::Sos),
            "pause" | "resume" => SideBody::Driver(DriverEvent {
                driver_id: line.words[1].into(),
                vehicle_id: "".into(),
                kind: if line.words[0] == "pause" { DriverEventKind::BreakStart } else { DriverEventKind::BreakEnd },
            }),
            "profile" => command(CommandKind::DriverUpsert(DriverSetup {
                driver_id: line.words[1].into(),
                name: String::new(),
                group: String::new(),
                hours_of_service: line.words[3].to_owned(),
            })),
            "ack" => command(CommandKind::AlertAcknowledge { alert_id: line.alert_id(), vehicle_id }),
            "dismiss" => command(CommandKind::AlertDismiss { alert_id: line.alert_id(), vehicle_id }),
            "plan" => command(CommandKind::MaintenancePlan(MaintenanceItem {
                vehicle_id,
                item: line.words[3].to_owned(),
                due_km: line.number("km"),
                in_engine_h: line.number("h"),
                due_at: line.options.get("due").map(|due| EventTime(time(due))),
            })),
            "private" if line.words[3] == "on" => command(CommandKind::PrivateStart { vehicle_id }),
            "private" => command(CommandKind::PrivateEnd { vehicle_id }),
            "workshop" if line.words[3] == "in" => command(CommandKind::MaintenanceStart { vehicle_id }),
            "workshop" => command(CommandKind::MaintenanceEnd { vehicle_id }),
            "status" => status(line),
            "device" => device_alert(line),
            "setup" => command(CommandKind::VehicleUpsert(VehicleSetup {
                vehicle_id,
                class: match line.options.get("class") {
                    Some(&"truck") => VehicleClass::Truck,
                    Some(&"van") => VehicleClass::Van,
                    _ => VehicleClass::Car,
                },
                name: String::new(),
                group: line.text("group"),
                limit_kmph: line.number("limit") as f32,
                volt_system: line.number("volt") as f32,
                tank_litres: line.number("tank") as f32,
                reorder_ms: line.options.get("reorder").map_or(0, |ms| ms.parse().unwrap()),
            })),
            "fence" => command(CommandKind::GeofenceUpsert(Arc::new(fence_of(line)))),
            "unfence" => command(CommandKind::GeofenceDelete { geofence_id: line.words[1].into() }),
            other => panic!("no such line: {other}"),
        };
        let log_time = LogTime(line.options.get("log").map_or(at, |log| time(log)));
        SideEvent { partition: 0, offset: self.offset, log_time, at: EventTime(at), body, extra: String::new() }
    }

    fn epoch(&mut self, rows: &[Row], side: &[SideEvent]) {
        let out = self.rig.epoch(self.fleet, rows, side);
        for kind in self.shown.clone() {
            for fact in facts_of(&kind, &out) {
                writeln!(self.text, "  -> {fact}").unwrap();
            }
        }
    }
}

fn status(line: &Line<'_>) -> SideBody {
    let codes = |text: &&str| text.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
    SideBody::Status(VehicleStatus {
        vehicle_id: line.words[1].into(),
        fuel_pct: line.number("fuel") as f32,
        engine_temp_c: line.number("temp") as f32,
        odometer_km: line.number("odo"),
        fault_codes: line.options.get("codes").map(codes),
    })
}

fn device_alert(line: &Line<'_>) -> SideBody {
    SideBody::Alert(DeviceAlert {
        alert_id: line.words[3].to_owned(),
        vehicle_id: line.words[1].into(),
        trip_id: line.text("trip").as_str().into(),
        alert_type: line.words[4].to_owned(),
        severity: line.words[5].parse().unwrap(),
        details: line.text("details"),
    })
}

/// The geofence of a line.
pub fn fence(line: &str) -> Geofence {
    fence_of(&Line::parse(line))
}

/// Numbers between commas.
fn numbers(text: &str) -> Vec<f64> {
    text.split(',').map(|number| number.parse().unwrap()).collect()
}

/// A closed ring around a box of metres.
fn ring(text: &str) -> Vec<LatLon> {
    let [west, south, east, north] = numbers(text)[..] else { panic!("four numbers: {text}") };
    [(west, south), (east, south), (east, north), (west, north), (west, south)].map(|(e, n)| place(e, n)).to_vec()
}

fn shape_of(line: &Line<'_>) -> Shape {
    if let Some(circle) = line.options.get("circle") {
        let numbers = numbers(circle);
        return Shape::circle(place(numbers[0], numbers[1]), numbers[2]).unwrap();
    }
    if let Some(corridor) = line.options.get("line") {
        let (positions, width_m) = corridor.split_once('/').unwrap();
        let positions = numbers(positions).chunks(2).map(|pair| place(pair[0], pair[1])).collect();
        return Shape::corridor(positions, width_m.parse().unwrap()).unwrap();
    }
    let mut outer = vec![ring(line.options["box"])];
    outer.extend(line.options.get("hole").map(|hole| ring(hole)));
    let second = line.options.get("and").map(|other| vec![ring(other)]);
    Shape::polygons([Some(outer), second].into_iter().flatten().collect()).unwrap()
}

fn fence_of(line: &Line<'_>) -> Geofence {
    let names = |key: &str| line.options.get(key).map_or(Vec::new(), |names| names.split(',').collect());
    let (vehicles, groups): (Vec<&str>, Vec<&str>) = (names("vehicles"), names("groups"));
    let scope = (!vehicles.is_empty() || !groups.is_empty()).then(|| {
        let vehicles = vehicles.iter().map(|name| VehicleId::from(*name)).collect();
        Scope::new(vehicles, groups.iter().map(|name| Box::from(*name)).collect())
    });
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap();
        hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
    };
    let schedule = line.options.get("hours").map(|hours| {
        let (hours, zone) = hours.split_once('@').unwrap();
        let (from, to) = hours.split_once('-').unwrap();
        let period = Period { weekdays: 0x7f, from_minute: minute(from), to_minute: minute(to) };
        Schedule { time_zone: zone.into(), periods: vec![period] }
    });
    Geofence {
        geofence_id: line.words[1].into(),
        name: line.text("name").into(),
        kind: match line.options.get("kind") {
            Some(&"forbidden") => GeofenceKind::Forbidden,
            Some(&"required") => GeofenceKind::Required,
            _ => GeofenceKind::Zone,
        },
        shape: shape_of(line),
        limit_kmph: line.number("limit") as f32,
        schedule,
        scope,
        tells_crossings: line.options.contains_key("crossings"),
    }
}
