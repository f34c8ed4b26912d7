//! Telemetry blocks: the hot path. Columns are gathered from the batches' columns by row lists; no row is ever formed.

use super::{
    EncodeError,
    block::{BlockWriter, EncodedBlock, TIME},
};
use crate::private::UNTOLD_E7;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::{hash::BuildHasher, sync::Arc};
use tacho_model::{RowOutcome, SparseF32, TelemetryBatch, TextRef, device_flag};

/// Bytes of a row in the block, about: for the size of the buffer.
const ROW_BYTES: usize = 80;

/// The rows of an insert: for each batch the numbers of its rows.
struct Selection<'b> {
    parts: Vec<(&'b TelemetryBatch, &'b [u32])>,
    len: usize,
}

impl<'b> Selection<'b> {
    /// `get` of every row.
    fn map<T>(&self, get: impl Fn(&'b TelemetryBatch, usize) -> T) -> impl Iterator<Item = T> {
        self.parts
            .iter()
            .flat_map(move |&(batch, rows)| rows.iter().map(move |&row| (batch, row as usize)))
            .map(move |(batch, row)| get(batch, row))
    }
    fn any(&self, has: impl Fn(&TelemetryBatch) -> bool) -> bool {
        self.parts.iter().any(|(batch, _)| has(batch))
    }
}

/// The block of these rows.
pub(super) fn telemetry(
    batches: &[Arc<TelemetryBatch>],
    rows: &[Vec<u32>],
    batch: u64,
) -> Result<EncodedBlock, EncodeError> {
    if batches.len() != rows.len() {
        return Err(EncodeError::WrongRows { table: "telemetry" });
    }
    let parts: Vec<_> = batches.iter().map(AsRef::as_ref).zip(rows.iter().map(Vec::as_slice)).collect();
    let selection = Selection { len: rows.iter().map(Vec::len).sum(), parts };
    let mut block = BlockWriter::new(selection.len, selection.len * ROW_BYTES);
    ids(&mut block, &selection);
    event_ids(&mut block, &selection);
    measurements(&mut block, &selection);
    rare_measurements(&mut block, &selection);
    block.fixed("ingested_at", TIME, selection.map(|batch, row| batch.log_time[row].ms().to_le_bytes()));
    block.fixed("batch", "UInt64", selection.map(|_, _| batch.to_le_bytes()));
    Ok(block.finish())
}

/// Vehicles, drivers and trips repeat: dictionaries are a fifth of the bytes and spare the store the hashing.
fn ids(block: &mut BlockWriter, selection: &Selection<'_>) {
    let mut vehicles = Dictionary::new(selection.len);
    // The hash of vehicle ids is known since they were decoded; spread, as Java's fills the low bits only.
    let spread = |hash: i32| u64::from(hash.cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for (batch, row) in selection.map(|batch, row| (batch, row)) {
        vehicles.push_hashed(spread(batch.vehicle_hash[row]), batch.text.get(batch.vehicle_id[row]));
    }
    block.dictionary("vehicle_id", &vehicles.keys, &vehicles.indexes);
    for (name, column) in [
        ("driver_id", (|batch| &batch.driver_id) as fn(&TelemetryBatch) -> &Vec<TextRef>),
        ("trip_id", |batch| &batch.trip_id),
    ] {
        let mut texts = Dictionary::new(selection.len);
        // A vehicle's driver and trip are nearly always those of its last fix, which spares the hash.
        let mut last_of_vehicle = vec![u32::MAX; vehicles.keys.len()];
        for (at, (batch, row)) in selection.map(|batch, row| (batch, row)).enumerate() {
            let last = &mut last_of_vehicle[vehicles.indexes[at] as usize];
            *last = texts.push_guessed(*last, batch.text.get(column(batch)[row]));
        }
        block.dictionary(name, &texts.keys, &texts.indexes);
    }
    block.fixed("timestamp", TIME, selection.map(|batch, row| batch.timestamp[row].ms().to_le_bytes()));
}

/// Distinct texts and, per row, the index of its text.
struct Dictionary<'t> {
    hasher: DefaultHashBuilder,
    by_text: HashTable<(u64, u32)>,
    keys: Vec<&'t str>,
    indexes: Vec<u32>,
}

impl<'t> Dictionary<'t> {
    fn new(rows: usize) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            by_text: HashTable::new(),
            keys: Vec::new(),
            indexes: Vec::with_capacity(rows),
        }
    }

    fn push_hashed(&mut self, hash: u64, text: &'t str) -> u32 {
        let keys = &self.keys;
        let found = self.by_text.find(hash, |&(other, index)| other == hash && keys[index as usize] == text);
        let index = match found {
            Some(&(_, index)) => index,
            None => {
                let index = u32::try_from(self.keys.len()).expect("a block has fewer than 2^32 rows");
                self.keys.push(text);
                self.by_text.insert_unique(hash, (hash, index), |&(other, _)| other);
                index
            }
        };
        self.indexes.push(index);
        index
    }

    /// As [`Dictionary::push_hashed`], after a look at the key that it probably is.
    fn push_guessed(&mut self, guess: u32, text: &'t str) -> u32 {
        if self.keys.get(guess as usize).is_some_and(|key| *key == text) {
            self.indexes.push(guess);
            return guess;
        }
        self.push_hashed(self.hasher.hash_one(text), text)
    }
}

fn event_ids(block: &mut BlockWriter, selection: &Selection<'_>) {
    let text = |batch: &TelemetryBatch, row: usize| uuid_bytes(batch.text.get(batch.event_id[row]).as_bytes());
    let mut other_count = 0usize;
    block.fixed(
        "event_uuid",
        "UUID",
        selection.map(text).map(|uuid| {
            other_count += usize::from(uuid.is_none());
            uuid.unwrap_or_default()
        }),
    );
    if other_count > 0 {
        block.texts(
            "event_text",
            selection.map(|batch, row| {
                let id = batch.text.get(batch.event_id[row]).as_bytes();
                if uuid_bytes(id).is_some() { &[] } else { id }
            }),
        );
    }
}

/// A UUID in the one form that reads back as it was sent, as ClickHouse holds it: two little-endian halves. The nil
/// UUID marks an id that is kept as text.
fn uuid_bytes(text: &[u8]) -> Option<[u8; 16]> {
    const GROUPS_END: [usize; 4] = [8, 13, 18, 23];
    if text.len() != 36 || GROUPS_END.iter().any(|&at| text[at] != b'-') {
        return None;
    }
    const PAIRS_AT: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut bytes = [0u8; 16];
    let mut seen = 0u8;
    for (at, &pair_at) in PAIRS_AT.iter().enumerate() {
        let (high, low) = (HEX[text[pair_at] as usize], HEX[text[pair_at + 1] as usize]);
        seen |= high | low;
        // Bytes of each half in reverse.
        bytes[(at & 8) + 7 - (at & 7)] = (high << 4) | (low & 0x0f);
    }
    (seen < 0x10 && bytes != [0; 16]).then_some(bytes)
}

/// Values of lower-case hexadecimal digits; 0x80 for every other byte.
const HEX: [u8; 256] = {
    let mut table = [0x80u8; 256];
    let digits = *b"0123456789abcdef";
    let mut value = 0;
    while value < 16 {
        table[digits[value] as usize] = value as u8;
        value += 1;
    }
    table
};

fn measurements(block: &mut BlockWriter, selection: &Selection<'_>) {
    block.fixed("lat_e7", "Int32", selection.map(|batch, row| degrees_e7(batch.lat[row])));
    block.fixed("lon_e7", "Int32", selection.map(|batch, row| degrees_e7(batch.lon[row])));
    block.fixed("speed_kmph", "Float32", selection.map(|batch, row| batch.speed_kmph[row].to_le_bytes()));
    block.fixed("heading", "Float32", selection.map(|batch, row| batch.heading[row].to_le_bytes()));
    block.fixed("sat_count", "UInt8", selection.map(|batch, row| [batch.sat_count[row]]));
    block.fixed("battery_v", "Float32", selection.map(|batch, row| batch.battery_v[row].to_le_bytes()));
    let outcome_is = |wanted: RowOutcome| {
        move |batch: &TelemetryBatch, row: usize| [u8::from(batch.outcome.get(row) == Some(&wanted))]
    };
    block.fixed("late", "Bool", selection.map(outcome_is(RowOutcome::Late)));
    block.fixed("outlier", "Bool", selection.map(outcome_is(RowOutcome::Outlier)));
}

/// A position that is not told is the smallest number.
fn degrees_e7(degrees: f64) -> [u8; 4] {
    let degrees_e7 = if degrees.is_nan() { UNTOLD_E7 } else { (degrees * 1e7).round() as i32 };
    degrees_e7.to_le_bytes()
}

/// Columns that are left out of the block while nobody sends them; the table's defaults stand in.
fn rare_measurements(block: &mut BlockWriter, selection: &Selection<'_>) {
    if selection.any(|batch| !batch.ignition.is_empty()) {
        let kind = "Enum8('unknown' = 0, 'off' = 1, 'on' = 2)";
        block.fixed("ignition", kind, selection.map(|batch, row| [batch.ignition_at(row) as u8]));
    }
    if selection.any(|batch| !batch.device_flags.is_empty()) {
        for (name, bit) in [("crash", device_flag::CRASH), ("sos", device_flag::SOS)] {
            block.fixed(
                name,
                "Bool",
                selection.map(move |batch, row| [u8::from(batch.device_flags_at(row) & bit != 0)]),
            );
        }
    }
    if selection.any(|batch| !batch.odometer_km.is_empty()) {
        block.fixed("odometer_km", "Float64", selection.map(|batch, row| batch.odometer_km_at(row).to_le_bytes()));
    }
    for (name, column) in SPARSE_COLUMNS {
        if selection.any(|batch| !column(batch).is_empty()) {
            block.fixed(name, "Float32", selection.map(|batch, row| column(batch).get(row).to_le_bytes()));
        }
    }
    if selection.any(|batch| batch.extra.iter().any(|text| !text.is_empty())) {
        block.texts("extra", selection.map(|batch, row| batch.text.get(batch.extra[row]).as_bytes()));
    }
}

type SparseColumn = fn(&TelemetryBatch) -> &SparseF32;

const SPARSE_COLUMNS: [(&str, SparseColumn); 10] = [
    ("rpm", |batch| &batch.rpm),
    ("fuel_pct", |batch| &batch.fuel_pct),
    ("engine_temp_c", |batch| &batch.engine_temp_c),
    ("altitude_m", |batch| &batch.altitude_m),
    ("hdop", |batch| &batch.hdop),
    ("accuracy_m", |batch| &batch.accuracy_m),
    ("accel_long_ms2", |batch| &batch.accel_long_ms2),
    ("accel_lat_ms2", |batch| &batch.accel_lat_ms2),
    ("accel_g", |batch| &batch.accel_g),
    ("speed_limit_kmph", |batch| &batch.speed_limit_kmph),
];
