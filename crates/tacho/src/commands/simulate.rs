//! `simulate`: the data producer.

use crate::{
    cli::{Fields, Output, Simulate, Speedup},
    commands::topics,
    config::Config,
    kafka_client,
    kafka_sink::KafkaSink,
};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use tacho_io::{Clock, SystemClock};
use tacho_model::{EventTime, Stream};
use tacho_sim::{
    Fleet, Pace, Progress, RunOptions, RunSummary, SimConfig, SystemTimer, TelemetryFields, TruthWriter, WriteSink,
};

/// What the reference's producer does when nothing else is said.
const NUM_VEHICLES: u32 = 10_000;
const TELEMETRY_RATE_HZ: f64 = 1.0;
const RUN_DURATION: Duration = Duration::from_secs(3_600);
/// The driver of `veh_1000` is `drv_2000`.
const DRIVER_NUMBERS_AHEAD: u32 = 1_000;
/// How long to look for a broker.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// A scenario goes into a log no faster than half an hour a second. Whoever reads the topics side by side sees their ends
/// now and then only; a day within two seconds would come in an order that no fleet makes.
const SCENARIO_SPEEDUP_MAX: f64 = 1_800.0;
/// A scenario is small, and waits for its plans to be acknowledged.
const SCENARIO_LINGER: Duration = Duration::from_millis(1);
/// Time between two lines of progress where there is no terminal.
const PLAIN_PROGRESS_S: u64 = 10;

/// Runs the simulation.
pub fn run(config: &Config, args: &Simulate) -> Result<()> {
    let fleet = Fleet::new(sim_config(args)?)?;
    if args.out.is_none() {
        kafka_client::probe(&args.brokers, &kafka_client::security(config)?, PROBE_PATIENCE)?;
        if args.create_topics {
            topics::ensure(config, &args.brokers, &topics::all(config))?;
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop)?;
    let timer = SystemTimer::start();
    let bar = progress_bar(fleet.config().num_vehicles);
    let show = |progress: &Progress| show_progress(&bar, progress);
    let truth = args.truth.as_ref().map(|file| {
        let out = File::create(file).with_context(|| format!("create {}", file.display()))?;
        anyhow::Ok(TruthWriter::new(Box::new(BufWriter::new(out))))
    });
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let is_paced = args.out.is_none() && fleet.config().scenario.defaults().is_some();
    let options = RunOptions {
        threads,
        pace: match args.speedup {
            Speedup::Times(1.0) => Pace::RealTime,
            Speedup::Times(times) => Pace::Speedup(times),
            Speedup::Max if is_paced => Pace::Speedup(SCENARIO_SPEEDUP_MAX),
            Speedup::Max => Pace::Max,
        },
        progress: &show,
        truth: truth.transpose()?,
        ..RunOptions::new(&stop, &timer)
    };
    let summary = produce(config, args, &fleet, options, &stop)?;
    bar.finish_and_clear();
    report(&summary, args)
}

fn produce(
    config: &Config,
    args: &Simulate,
    fleet: &Fleet,
    options: RunOptions<'_>,
    stop: &Arc<AtomicBool>,
) -> Result<RunSummary> {
    match args.out.as_deref() {
        None => {
            let mut producer = kafka_client::producer(config, &args.brokers)?;
            if fleet.config().scenario.defaults().is_some() {
                producer.linger = SCENARIO_LINGER;
            }
            let sinks = KafkaSink::open(&producer, &config.topics.prefix, options.threads, stop)?;
            Ok(tacho_sim::run(fleet, options, |_| sinks.take())?)
        }
        Some(target) => {
            // One thread: lines of a file stand in one order.
            let out: Box<dyn Write + Send> = match target {
                "-" => Box::new(io::stdout()),
                file => Box::new(File::create(file).with_context(|| format!("create {file}"))?),
            };
            let mut out = Some(WriteSink::new(BufWriter::with_capacity(1 << 20, out)));
            let options = RunOptions { threads: 1, ..options };
            let take = |_| out.take().ok_or_else(|| tacho_sim::SinkError::Other("one thread, one file".into()));
            Ok(tacho_sim::run(fleet, options, take)?)
        }
    }
}

fn sim_config(args: &Simulate) -> Result<SimConfig> {
    let scenario = args.scenario.unwrap_or_default();
    let own = scenario.defaults();
    let duration = own.map_or(RUN_DURATION, |own| own.duration);
    if own.is_some() && args.run_seconds.is_some() {
        bail!("--run-seconds does not go with --scenario {}: it sets its own duration", scenario.name());
    }
    let duration = args.run_seconds.map_or(duration, Duration::from_secs);
    let own = own.map(|own| (own.num_vehicles, own.telemetry_rate_hz));
    let (num_vehicles, telemetry_rate_hz) = own.unwrap_or((NUM_VEHICLES, TELEMETRY_RATE_HZ));
    let now = SystemClock.now().as_event_time();
    let start = match (&args.start, args.speedup) {
        (Some(text), _) => tacho_wire::parse_timestamp(text)
            .with_context(|| format!("--start is `{text}`; give a time as 2026-01-30T12:00:00Z"))?,
        (None, Speedup::Times(1.0)) => now,
        // An accelerated run ends at the present, so that nothing lies in the future.
        (None, _) => EventTime(now.ms() - i64::try_from(duration.as_millis()).unwrap_or(0)),
    };
    Ok(SimConfig {
        seed: args.seed,
        num_vehicles: args.num_vehicles.unwrap_or(num_vehicles),
        telemetry_rate_hz: args.telemetry_rate.unwrap_or(telemetry_rate_hz),
        start,
        duration,
        scenario,
        first_vehicle: args.first_vehicle,
        first_driver: args.first_vehicle + DRIVER_NUMBERS_AHEAD,
        faults: args.faults,
        reorder_ms: args.reorder_ms,
        fields: match args.fields {
            Fields::Reference => TelemetryFields::Standard,
            Fields::Full => TelemetryFields::Full,
        },
        ..SimConfig::default()
    })
}

fn stop_on_signal(stop: &Arc<AtomicBool>) -> Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second signal ends the process at once.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(stop))
            .context("listen for signals")?;
        signal_hook::flag::register(signal, Arc::clone(stop)).context("listen for signals")?;
    }
    Ok(())
}

fn progress_bar(num_vehicles: u32) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = "{bar:40} {percent:>3} %  {msg}  {eta} left";
    let bar = ProgressBar::new(1_000);
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(format!("{num_vehicles} vehicles"));
    bar
}

fn show_progress(bar: &ProgressBar, progress: &Progress) {
    let seconds = progress.elapsed.as_secs_f64().max(0.001);
    let rate = progress.sent.total() as f64 / seconds;
    let behind = if progress.behind_s >= 1.0 { format!(", {:.0} s behind", progress.behind_s) } else { String::new() };
    let text = format!("{} sent, {rate:.0}/s{behind}", progress.sent.total());
    if bar.is_hidden() {
        if progress.elapsed.as_secs().is_multiple_of(PLAIN_PROGRESS_S) && progress.elapsed.as_secs() > 0 {
            eprintln!("{:.0} % {text}", progress.fraction * 100.0);
        }
        return;
    }
    bar.set_position((progress.fraction * 1_000.0) as u64);
    bar.set_message(text);
}

/// The last line. Undelivered messages are a failure.
fn report(summary: &RunSummary, args: &Simulate) -> Result<()> {
    let is_shown = |stream: &Stream| *stream != Stream::Commands || summary.sent.get(*stream) > 0;
    let streams: Vec<Stream> = Stream::ALL.into_iter().rev().filter(is_shown).collect();
    let failed: u64 = streams.iter().map(|stream| summary.delivery.failed.get(*stream)).sum();
    let text = match args.output {
        Output::Json => {
            let mut object = serde_json::Map::new();
            for stream in streams {
                let counts = json!({
                    "sent": summary.sent.get(stream),
                    "acknowledged": summary.delivery.acknowledged.get(stream),
                    "failed": summary.delivery.failed.get(stream),
                });
                object.insert(stream.name().to_owned(), counts);
            }
            object.insert("elapsed_s".to_owned(), json!(summary.elapsed.as_secs_f64()));
            object.insert("behind_s_max".to_owned(), json!(summary.behind_s_max));
            serde_json::Value::Object(object).to_string()
        }
        Output::Text => {
            let total = summary.sent.total();
            let seconds = summary.elapsed.as_secs_f64();
            let acknowledged = summary.delivery.acknowledged.total();
            format!(
                "{total} messages sent in {seconds:.1} s ({:.0}/s), {acknowledged} acknowledged, {failed} failed",
                total as f64 / seconds.max(0.001)
            )
        }
    };
    if args.out.as_deref() == Some("-") {
        eprintln!("{text}");
    } else {
        println!("{text}");
    }
    match &summary.flush_error {
        Some(error) => bail!("not everything was delivered: {error}"),
        None if failed > 0 => bail!("{failed} messages were not delivered"),
        None => Ok(()),
    }
}
