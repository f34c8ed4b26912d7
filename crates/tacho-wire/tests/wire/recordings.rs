//! Real recordings, from `../shared/data` beside the project; skipped, in words, where they are not.

use flate2::read::GzDecoder;
use std::{collections::BTreeMap, fs::File, path::Path};
use tacho_io::{RecordSlot, Records, TopicPartition};
use tacho_model::{LogTime, TelemetryBatch};
use tacho_wire::{
    DecodeLimits, TelemetryDecoder,
    import::{ColumnMap, Mapper},
};

/// 2025-11-30T12:00:00Z: after all recordings.
const LOG_TIME: LogTime = LogTime(1_764_504_000_000);

const NDS: &str = "vehicle_id:=car1,time=time_utc:s,lat=gps_lat,lon=gps_long,heading=gps_heading,sats=gps_sats,\
                   hdop=gps_hdop,speed=speed_mph:mph,accel_long=accel_x:g,accel_lat=accel_y:g,rpm=engine_rpm,\
                   altitude=gps_elevation";

const TWIZY: &str = "vehicle:=T1,time=Date+Time:%m/%d/%Y %H:%M:%S,lat=LAT,lon=LON,speed=Speed,speed_limit=SpeedLimit,\
                     fuel=Soc,altitude=ALT";

/// What became of the rows of a recording.
#[derive(Debug, Default)]
struct Tally {
    rows: usize,
    /// Rows that the mapper refused, by the column's name.
    unmapped: BTreeMap<String, usize>,
    /// Messages that decoding refused, by their reason.
    refused: BTreeMap<&'static str, usize>,
    taken: usize,
}

fn replay(file: &Path, map_text: &str, tally: &mut Tally) {
    let file = File::open(file).expect("the recording opens");
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(GzDecoder::new(file));
    let headers = reader.headers().expect("a header").clone();
    let mapper = Mapper::new(&headers.iter().collect::<Vec<_>>(), &ColumnMap::parse(map_text).expect("a map"))
        .expect("the map fits");
    let mut records = Records::empty(TopicPartition::new("fleet.prod.telemetry.raw", 0), 0);
    for record in reader.records() {
        let record = record.expect("a CSV row");
        let start = records.bytes.len() as u32;
        tally.rows += 1;
        match mapper.row(&record.iter().collect::<Vec<_>>(), &mut records.bytes) {
            Ok(()) => {
                let len = records.bytes.len() as u32 - start;
                records.slots.push(RecordSlot { offset: tally.rows as i64, log_time: LOG_TIME, start, len });
            }
            Err(error) => {
                let text = error.to_string();
                let column = text.split('`').nth(1).unwrap_or_default().to_owned();
                *tally.unmapped.entry(column).or_default() += 1;
            }
        }
    }
    decode(&records, tally);
}

fn decode(records: &Records, tally: &mut Tally) {
    let limits = DecodeLimits { max_age_ms: None, ..DecodeLimits::default() };
    let (mut batches, mut rejected) = ([TelemetryBatch::default()], Vec::new());
    TelemetryDecoder::new(limits, 1).decode(records, &mut batches, &mut rejected);
    tally.taken += batches[0].len();
    for record in rejected {
        *tally.refused.entry(record.reason.as_str()).or_default() += 1;
    }
}

fn data(folder: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: the recordings of `../shared/data/{folder}` are not here");
        return None;
    }
    Some(path)
}

#[test]
fn every_row_of_the_drives_is_telemetry() {
    let Some(folder) = data("nds-drives") else { return };
    let mut tally = Tally::default();
    replay(&folder.join("nds_data.csv.gz"), NDS, &mut tally);
    assert_eq!((tally.rows, tally.taken), (23_187, 23_187), "{tally:?}");
}

#[test]
fn corrupt_times_and_positions_of_the_electric_cars_are_refused_and_nothing_else() {
    let Some(folder) = data("twizy-ev") else { return };
    let mut tally = Tally::default();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "gz") {
            replay(&path, TWIZY, &mut tally);
        }
    }
    assert_eq!((tally.rows, tally.taken), (55_645, 55_472), "{tally:?}");
    assert_eq!(tally.unmapped, BTreeMap::from([("Date+Time".to_owned(), 170)]));
    // Longitudes beyond 180.
    assert_eq!(tally.refused, BTreeMap::from([("bad_position", 3)]));
}
