//! Scenarios for what the default fleet does not have: delivery rounds, trips that nobody declares, tanks, geofences; and
//! drivers who are on the road for long enough to have a score and to break rules on their hours.
//!
//! Scenarios of one system are played side by side, from one beginning on and at one pace, so that no vehicle's history
//! lies behind fleet time. They are played as often as it takes to fill the hours that are asked for. Vans drive the
//! rounds of every play; the other vehicles are new ones, since they do not end where they began.

use super::{
    Recompute, Recomputed,
    checks::{Check, HAUL, SCENES, Size, compare},
    settle,
};
use crate::say;
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};
use tacho_store::{StoreConfig, heat};
use tacho_testkit::{Instance, Launch};

/// Hours of the longest scenario of a day in town, and of one on the motorway.
const TOWN_H: u32 = 4;
const HAUL_H: u32 = 13;
/// Rounds need all roles in all districts.
const VANS_MIN: u32 = 24;
/// Twenty minutes a second, and fixes wait for what other topics say of their moment: predictions are told once, by what is
/// known then, and topics of an accelerated log drift apart.
const SPEEDUP: &str = "1200";
const REORDER_MS: &str = "600000";
/// Numbers of vehicles: vans, cars with rides, those of the incidents, trucks, and from play to play.
const FIRST_VAN: u32 = 1_000;
const FIRST_TRUCK: u32 = 1_000;
const FIRST_RIDE: u32 = 100_000;
const FIRST_INCIDENT: u32 = 200_000;
const NUMBERS_A_PLAY: u32 = 1_000;
/// Kilometres of a score; `tests/recompute/driver_scores_rare.sql` knows them, too.
const KM_MIN: &str = "2";
/// Zones and scheduled hours; `tests/recompute/fleet_days.sql` knows them, too.
const SCHEDULES: &str = r#"["class=truck; hours=10", "group=linehaul; time_zone=Asia/Kolkata; hours=9,9,9,9,9,5,4", "vehicle=veh_1001; hours=4"]"#;
/// The log ends this long before the present, so that what waits at its end comes out.
const END_BEFORE_NOW_S: i64 = 900;

/// What is played, with the number of the first vehicle and of the vehicles.
type Player = (&'static str, u32, Option<u32>);

/// A system with scenarios behind it. Killed when dropped.
pub struct Scenes {
    instance: Instance,
    options: Recompute,
    size: Size,
    day: &'static Day,
    _dir: tempfile::TempDir,
}

/// What is compared of a day, and how its system is started.
struct Day {
    checks: &'static [Check],
    /// Views that follow by themselves now and then.
    refreshed: &'static [&'static str],
    /// A setting that the checks know.
    setting: (&'static str, &'static str),
    hours: u32,
}

const TOWN: Day =
    Day { checks: SCENES, refreshed: &["stop_outcomes"], setting: ("TACHO_SCORE__KM_MIN", KM_MIN), hours: TOWN_H };
const ROAD: Day = Day {
    checks: HAUL,
    refreshed: &["vehicle_day_pass"],
    setting: ("TACHO_FLEET__SCHEDULES", SCHEDULES),
    hours: HAUL_H,
};

impl Scenes {
    /// Starts a system and plays a day in town: rounds, rides, incidents; returns when all of it is stored.
    ///
    /// # Errors
    /// When a part of it did not work.
    pub fn town(options: &Recompute) -> Result<Scenes> {
        let vans = VANS_MIN.max(options.vehicles / 2);
        let players = |play: u32| {
            let others = play * NUMBERS_A_PLAY;
            vec![
                ("city-delivery", FIRST_VAN, Some(vans)),
                ("ride-hailing", FIRST_RIDE + others, None),
                ("incident-day", FIRST_INCIDENT + others, None),
            ]
        };
        Scenes::play(&TOWN, vans, players, options)
    }

    /// Starts a system and plays a day of trucks, some of which are in the workshop or hardly used, in a fleet with schedules;
    /// returns when all of it is stored.
    ///
    /// # Errors
    /// When a part of it did not work.
    pub fn haul(options: &Recompute) -> Result<Scenes> {
        let players = |play: u32| {
            let others = play * NUMBERS_A_PLAY;
            vec![("long-haul", FIRST_TRUCK + others, None), ("incident-day", FIRST_INCIDENT + others, None)]
        };
        Scenes::play(&ROAD, 0, players, options)
    }

    fn play(day: &'static Day, vans: u32, players: impl Fn(u32) -> Vec<Player>, options: &Recompute) -> Result<Scenes> {
        let dir = tempfile::tempdir().context("make a folder")?;
        let launch = Launch::new(&options.program, &dir.path().join("data"));
        let instance = launch.env(day.setting.0, day.setting.1).start()?;
        let play_h = day.hours;
        let plays = options.hours.div_ceil(play_h);
        let names: Vec<&str> = players(0).iter().map(|(scenario, ..)| *scenario).collect();
        say(options.is_verbose, &format!("{}, {plays} x {play_h} h", names.join(", ")));
        let play_s = i64::from(play_h) * 3_600;
        let start_s = jiff::Timestamp::now().as_second() - i64::from(plays) * play_s - END_BEFORE_NOW_S;
        for play in 0..plays {
            let start_s = start_s + i64::from(play) * play_s;
            play_all(options, &instance.addresses.kafka, &players(play), options.seed + u64::from(play), start_s)?;
            settle(&instance)?;
        }
        let [vehicles, hours, vans, plays] = [options.vehicles, options.hours, vans, plays].map(u64::from);
        let size = Size { vehicles, hours, vans, plays };
        Ok(Scenes { instance, options: options.clone(), size, day, _dir: dir })
    }

    /// Compares every number.
    ///
    /// # Errors
    /// When a query fails.
    pub fn compare(&self) -> Result<Vec<Recomputed>> {
        count_positions(&self.instance)?;
        compare(&self.instance, (self.day.checks, self.day.refreshed), &self.size, &self.options)
    }
}

/// Counts what the heat map of positions shows; the instance does it every five minutes.
fn count_positions(instance: &Instance) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("make a runtime")?;
    let client = StoreConfig::new(&instance.addresses.clickhouse).client();
    while runtime.block_on(heat::collect(&client, jiff::Timestamp::now().as_millisecond()))? {}
    Ok(())
}

/// Plays the scenarios side by side.
fn play_all(options: &Recompute, brokers: &str, players: &[Player], seed: u64, start_s: i64) -> Result<()> {
    let start = jiff::Timestamp::from_second(start_s).context("a start in range")?.to_string();
    let mut running = Vec::new();
    for (scenario, first_vehicle, num_vehicles) in players {
        let mut command = Command::new(&options.program);
        command.args(["simulate", "--brokers", brokers, "--speedup", SPEEDUP, "--scenario", scenario]);
        command.args(["--start", &start, "--seed", &seed.to_string()]);
        command.args(["--first-vehicle", &first_vehicle.to_string(), "--reorder-ms", REORDER_MS]);
        if let Some(number) = num_vehicles {
            command.args(["--num-vehicles", &number.to_string()]);
        }
        command.current_dir(std::env::temp_dir()).env("TACHO_LOG_LEVEL", "warn");
        running.push((scenario, start_player(&mut command, &options.program)?));
    }
    for (scenario, player) in running {
        let output = player.wait_with_output().context("wait for the simulator")?;
        ensure!(output.status.success(), "{scenario} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn start_player(command: &mut Command, program: &Path) -> Result<Child> {
    let player = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    player.with_context(|| format!("start {}", program.display()))
}
