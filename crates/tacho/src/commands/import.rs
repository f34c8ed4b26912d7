//! `import`: recorded drives from files into the log, as telemetry messages.

use crate::{
    NotReachable,
    cli::{Import, Output},
    config::Config,
    instance, kafka_client,
};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read},
    path::Path,
    time::Duration,
};
use tacho_kafka::{ProducerConfig, ProducerLane};
use tacho_model::{Stream, topic_name};
use tacho_wire::import::{ColumnMap, Mapper, SpeedFinder};

/// How long to look for a broker.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for the last acknowledgements.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);
/// Rows that are refused before the import gives up: a wrong map refuses all of them.
const REFUSED_MAX: u64 = 1_000;
/// Refused rows that are shown.
const SHOWN_MAX: u64 = 10;

/// Imports the file.
pub fn run(config: &Config, args: &Import) -> Result<()> {
    // What is imported is meant to be old.
    let is_marked = args.map.split(',').any(|entry| entry.trim_start().starts_with("history"));
    let map_text = if is_marked { args.map.clone() } else { format!("{},history:=true", args.map) };
    let map = ColumnMap::parse(&map_text).context("--map")?;
    let producer = producer_of(config, args.data_dir.as_deref(), args.brokers.as_deref())?;
    kafka_client::probe(&producer.brokers, &producer.security, PROBE_PATIENCE)?;
    let topic = topic_name(&config.topics.prefix, Stream::Telemetry.topic_suffix());
    let lanes = ProducerLane::open(&producer, vec![topic], 1)?;
    let lane = lanes.into_iter().next().context("open a producer")?;
    let mut intake = Intake { lane, speeds: SpeedFinder::default(), rows: 0, refused: 0 };

    let bar = progress_bar(&args.file)?;
    let reader = open(&args.file, &bar)?;
    if is_ndjson(&args.file) {
        read_ndjson(reader, &map, &mut intake)?;
    } else {
        read_csv(reader, &map, &mut intake)?;
    }
    intake.finish()?;
    bar.finish_and_clear();
    intake.report(args)
}

/// Towards the brokers that are given, or those of the instance that runs on the folder.
pub fn producer_of(config: &Config, data_dir: Option<&Path>, brokers: Option<&str>) -> Result<ProducerConfig> {
    if let Some(brokers) = brokers {
        return kafka_client::producer(config, brokers);
    }
    let folder = data_dir.unwrap_or(&config.data.dir);
    let running = instance::find(folder).ok_or_else(|| {
        let folder = folder.display();
        NotReachable(format!(
            "no instance runs on {folder}; start one with `tacho up --data-dir {folder}`, or give --brokers"
        ))
    })?;
    Ok(ProducerConfig::new(&running.kafka))
}

/// The name without `.gz` or `.zst`, in lower case.
fn plain_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.trim_end_matches(".gz").trim_end_matches(".zst").to_owned()
}

fn is_ndjson(file: &Path) -> bool {
    [".ndjson", ".jsonl", ".json"].iter().any(|ending| plain_name(file).ends_with(ending))
}

fn open(file: &Path, bar: &ProgressBar) -> Result<Box<dyn Read>> {
    let raw = File::open(file).with_context(|| format!("open {}", file.display()))?;
    let raw = bar.wrap_read(BufReader::with_capacity(1 << 20, raw));
    let name = file.to_string_lossy().to_lowercase();
    Ok(if name.ends_with(".gz") {
        Box::new(flate2::read::MultiGzDecoder::new(raw))
    } else if name.ends_with(".zst") {
        Box::new(zstd::Decoder::new(raw).context("read zstd")?)
    } else {
        Box::new(raw)
    })
}

fn progress_bar(file: &Path) -> Result<ProgressBar> {
    let bytes = std::fs::metadata(file).with_context(|| format!("read {}", file.display()))?.len();
    if !io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes}/{total_bytes}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Ok(bar)
}

fn read_csv(reader: Box<dyn Read>, map: &ColumnMap, intake: &mut Intake) -> Result<()> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let headers = csv.headers().context("read the header line")?.clone();
    let mapper = Mapper::new(&headers.iter().collect::<Vec<_>>(), map)?;
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record).context("read a line")? {
        intake.take(&mapper, &record.iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

fn read_ndjson(reader: Box<dyn Read>, map: &ColumnMap, intake: &mut Intake) -> Result<()> {
    let mut known: Option<(Vec<String>, Mapper)> = None;
    for line in BufReader::new(reader).lines() {
        let line = line.context("read a line")?;
        if line.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, Value> = match serde_json::from_str(&line) {
            Ok(object) => object,
            Err(error) => {
                intake.refuse(&error)?;
                continue;
            }
        };
        if known.is_none() {
            let headers: Vec<String> = object.keys().cloned().collect();
            let mapper = Mapper::new(&headers.iter().map(String::as_str).collect::<Vec<_>>(), map)?;
            known = Some((headers, mapper));
        }
        let Some((headers, mapper)) = &known else { continue };
        let cells: Vec<String> = headers.iter().map(|header| cell_of(object.get(header))).collect();
        intake.take(mapper, &cells.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn cell_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Rows on their way to the log.
struct Intake {
    lane: ProducerLane,
    /// Messages without a speed, if it is to be found from the positions.
    speeds: SpeedFinder<Vec<u8>>,
    rows: u64,
    refused: u64,
}

/// What the key of a message is made of.
#[derive(Deserialize)]
struct Key<'a> {
    #[serde(borrow)]
    vehicle_id: std::borrow::Cow<'a, str>,
}

impl Intake {
    fn take(&mut self, mapper: &Mapper, cells: &[&str]) -> Result<()> {
        self.rows += 1;
        let mut json = Vec::with_capacity(256);
        if let Err(error) = mapper.row(cells, &mut json) {
            return self.count_refused(&error);
        }
        if !mapper.finds_speed() {
            return self.send(&json);
        }
        match mapper.place(cells) {
            Ok(place) => self.speeds.push(json, place),
            Err(error) => return self.count_refused(&error),
        }
        while let Some((json, speed_kmph)) = self.speeds.pop_found() {
            self.send_with(json, speed_kmph)?;
        }
        Ok(())
    }

    /// Sends what still waited for later positions, and waits for the acknowledgements.
    fn finish(&mut self) -> Result<()> {
        while let Some((json, speed_kmph)) = self.speeds.pop_last() {
            self.send_with(json, speed_kmph)?;
        }
        self.lane.flush(FLUSH_PATIENCE)?;
        Ok(())
    }

    /// A fix that has no other near goes without a speed: it becomes a dead letter, and is not lost.
    fn send_with(&mut self, mut json: Vec<u8>, speed_kmph: Option<f64>) -> Result<()> {
        if let Some(speed_kmph) = speed_kmph {
            Mapper::add_speed(&mut json, speed_kmph);
        }
        self.send(&json)
    }

    fn send(&mut self, json: &[u8]) -> Result<()> {
        let key = serde_json::from_slice::<Key<'_>>(json).map(|key| key.vehicle_id.into_owned()).unwrap_or_default();
        // The log sets the time: what comes in now has come in now.
        self.lane.send(0, key.as_bytes(), json, 0)?;
        Ok(())
    }

    fn refuse(&mut self, error: &dyn std::fmt::Display) -> Result<()> {
        self.rows += 1;
        self.count_refused(error)
    }

    fn count_refused(&mut self, error: &dyn std::fmt::Display) -> Result<()> {
        self.refused += 1;
        if self.refused <= SHOWN_MAX {
            eprintln!("row {}: {error}", self.rows);
        }
        if self.refused >= REFUSED_MAX {
            bail!("{} rows were refused; check --map", self.refused);
        }
        Ok(())
    }

    fn report(&self, args: &Import) -> Result<()> {
        let counts = self.lane.counts();
        let acknowledged = counts.first().map_or(0, |counts| counts.acknowledged);
        let failed = counts.first().map_or(0, |counts| counts.failed);
        match args.output {
            Output::Json => println!(
                "{}",
                json!({ "rows": self.rows, "refused": self.refused, "acknowledged": acknowledged, "failed": failed })
            ),
            Output::Text => {
                println!("{} rows: {acknowledged} acknowledged, {} refused, {failed} failed", self.rows, self.refused);
            }
        }
        if failed > 0 {
            bail!("{failed} rows were not delivered");
        }
        Ok(())
    }
}
