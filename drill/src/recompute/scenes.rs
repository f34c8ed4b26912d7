//! Scenarios for what the default fleet does not have: delivery rounds, trips that nobody declares, tanks, geofences.
//!
//! Three are played side by side, from one beginning on and at one pace, so that no vehicle's history lies behind fleet
//! time. They last four hours and are played as often as it takes to fill the hours that are asked for. Vans drive the
//! rounds of every play; the other vehicles are new ones, since they do not end where they began.

use super::{
    Recompute, Recomputed,
    checks::{SCENES, Size, compare},
    settle,
};
use crate::say;
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};
use tacho_testkit::{Instance, Launch};

/// Hours of the longest of the scenarios.
const PLAY_H: u32 = 4;
/// Rounds need all roles in all districts.
const VANS_MIN: u32 = 24;
/// Twenty minutes a second, and fixes wait for what other topics say of their moment: predictions are told once, by what is
/// known then, and topics of an accelerated log drift apart.
const SPEEDUP: &str = "1200";
const REORDER_MS: &str = "600000";
/// Numbers of vehicles: vans, cars with rides, those of the incidents, and from play to play.
const FIRST_VAN: u32 = 1_000;
const FIRST_RIDE: u32 = 100_000;
const FIRST_INCIDENT: u32 = 200_000;
const NUMBERS_A_PLAY: u32 = 1_000;
/// The log ends this long before the present, so that what waits at its end comes out.
const END_BEFORE_NOW_S: i64 = 900;

/// A system with scenarios behind it. Killed when dropped.
pub struct Scenes {
    instance: Instance,
    options: Recompute,
    size: Size,
    _dir: tempfile::TempDir,
}

impl Scenes {
    /// Starts a system and plays the scenarios; returns when all of it is stored.
    ///
    /// # Errors
    /// When a part of it did not work.
    pub fn new(options: &Recompute) -> Result<Scenes> {
        let dir = tempfile::tempdir().context("make a folder")?;
        let instance = Launch::new(&options.program, &dir.path().join("data")).start()?;
        let (plays, vans) = (options.hours.div_ceil(PLAY_H), VANS_MIN.max(options.vehicles / 2));
        say(options.is_verbose, &format!("scenarios, {vans} vans, {plays} x {PLAY_H} h"));
        let play_s = i64::from(PLAY_H) * 3_600;
        let start_s = jiff::Timestamp::now().as_second() - i64::from(plays) * play_s - END_BEFORE_NOW_S;
        for play in 0..plays {
            play_all(options, &instance.addresses.kafka, vans, play, start_s + i64::from(play) * play_s)?;
            settle(&instance)?;
        }
        let [vehicles, hours, vans, plays] = [options.vehicles, options.hours, vans, plays].map(u64::from);
        Ok(Scenes { instance, options: options.clone(), size: Size { vehicles, hours, vans, plays }, _dir: dir })
    }

    /// Compares every number.
    ///
    /// # Errors
    /// When a query fails.
    pub fn compare(&self) -> Result<Vec<Recomputed>> {
        compare(&self.instance, (SCENES, &["stop_outcomes"]), &self.size, &self.options)
    }
}

/// Plays the scenarios side by side.
fn play_all(options: &Recompute, brokers: &str, vans: u32, play: u32, start_s: i64) -> Result<()> {
    let start = jiff::Timestamp::from_second(start_s).context("a start in range")?.to_string();
    let vans = vans.to_string();
    let players = [
        ("city-delivery", FIRST_VAN, Some(vans.as_str())),
        ("ride-hailing", FIRST_RIDE + play * NUMBERS_A_PLAY, None),
        ("incident-day", FIRST_INCIDENT + play * NUMBERS_A_PLAY, None),
    ];
    let mut running = Vec::new();
    for (scenario, first_vehicle, num_vehicles) in players {
        let mut command = Command::new(&options.program);
        command.args(["simulate", "--brokers", brokers, "--speedup", SPEEDUP, "--scenario", scenario]);
        command.args(["--start", &start, "--seed", &(options.seed + u64::from(play)).to_string()]);
        command.args(["--first-vehicle", &first_vehicle.to_string(), "--reorder-ms", REORDER_MS]);
        command.args(num_vehicles.into_iter().flat_map(|number| ["--num-vehicles", number]));
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
