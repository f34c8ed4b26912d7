//! A block in ClickHouse's Native format: counts, then each column with its name, its type and its data.

/// More columns than this no block has, so that their count is one byte.
const COLUMNS_MAX: u8 = 127;

/// A block as it goes into an insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBlock {
    /// The columns, in order, for the statement's column list.
    pub columns: Vec<&'static str>,
    /// The block.
    pub bytes: Vec<u8>,
}

/// Writes one block, column by column.
#[derive(Debug)]
pub struct BlockWriter {
    columns: Vec<&'static str>,
    bytes: Vec<u8>,
    rows: usize,
}

impl BlockWriter {
    /// A block of `rows` rows; `bytes_hint` is the expected size.
    pub fn new(rows: usize, bytes_hint: usize) -> Self {
        let mut bytes = Vec::with_capacity(bytes_hint + 1024);
        bytes.push(0);
        write_varint(&mut bytes, rows as u64);
        Self { columns: Vec::with_capacity(40), bytes, rows }
    }

    /// Ends the block.
    ///
    /// # Panics
    /// With more than 127 columns: the tables are ours and have fewer.
    pub fn finish(mut self) -> EncodedBlock {
        let count = u8::try_from(self.columns.len()).ok().filter(|&count| count <= COLUMNS_MAX);
        self.bytes[0] = count.expect("our tables have fewer than 128 columns");
        EncodedBlock { columns: self.columns, bytes: self.bytes }
    }

    fn begin(&mut self, name: &'static str, kind: &str) {
        self.columns.push(name);
        write_text(&mut self.bytes, name);
        write_text(&mut self.bytes, kind);
    }

    /// A column of values of `N` bytes each, little-endian as everything in the format.
    pub fn fixed<const N: usize>(&mut self, name: &'static str, kind: &str, values: impl Iterator<Item = [u8; N]>) {
        self.begin(name, kind);
        let start = self.bytes.len();
        self.bytes.resize(start + self.rows * N, 0);
        let mut written = 0;
        for (slot, value) in self.bytes[start..].chunks_exact_mut(N).zip(values) {
            slot.copy_from_slice(&value);
            written += 1;
        }
        assert_eq!(written, self.rows, "column {name} has a value per row");
    }

    /// A `String` column.
    pub fn texts<'t>(&mut self, name: &'static str, values: impl Iterator<Item = &'t [u8]>) {
        self.begin(name, "String");
        let mut written = 0;
        for value in values {
            write_varint(&mut self.bytes, value.len() as u64);
            self.bytes.extend_from_slice(value);
            written += 1;
        }
        assert_eq!(written, self.rows, "column {name} has a value per row");
    }

    /// A `LowCardinality(String)` column: the distinct texts, and for each row the index of its text.
    pub fn dictionary(&mut self, name: &'static str, keys: &[&str], indexes: &[u32]) {
        assert_eq!(indexes.len(), self.rows, "column {name} has a value per row");
        self.begin(name, "LowCardinality(String)");
        // Without rows the format has no dictionary either.
        if indexes.is_empty() {
            return;
        }
        /// Shared dictionaries with additional keys: the only version there is.
        const KEYS_VERSION: u64 = 1;
        /// The keys stand in the block itself, and replace those before.
        const OWN_KEYS: u64 = 0x200 | 0x400;
        let (index_type, width): (u64, usize) = match keys.len() {
            0..=0x100 => (0, 1),
            0x101..=0x1_0000 => (1, 2),
            _ => (2, 4),
        };
        self.bytes.extend_from_slice(&KEYS_VERSION.to_le_bytes());
        self.bytes.extend_from_slice(&(OWN_KEYS | index_type).to_le_bytes());
        self.bytes.extend_from_slice(&(keys.len() as u64).to_le_bytes());
        for key in keys {
            write_text(&mut self.bytes, key);
        }
        self.bytes.extend_from_slice(&(indexes.len() as u64).to_le_bytes());
        let start = self.bytes.len();
        self.bytes.resize(start + indexes.len() * width, 0);
        for (slot, index) in self.bytes[start..].chunks_exact_mut(width).zip(indexes) {
            slot.copy_from_slice(&index.to_le_bytes()[..width]);
        }
    }

    /// An array column: its type, then for each row the number of elements, then `write_elements` the elements.
    pub fn arrays(
        &mut self,
        name: &'static str,
        kind: &str,
        lens: impl Iterator<Item = usize>,
        write_elements: impl FnOnce(&mut Vec<u8>),
    ) {
        self.begin(name, kind);
        let mut end = 0u64;
        let mut written = 0;
        for len in lens {
            end += len as u64;
            self.bytes.extend_from_slice(&end.to_le_bytes());
            written += 1;
        }
        assert_eq!(written, self.rows, "column {name} has a value per row");
        write_elements(&mut self.bytes);
    }
}

/// Type of all times.
pub const TIME: &str = "DateTime64(3, 'UTC')";

/// Columns out of rows: one closure per column, one method per type.
pub struct RowColumns<'r, R> {
    rows: &'r [R],
    block: BlockWriter,
}

impl<'r, R> RowColumns<'r, R> {
    /// Columns of these rows.
    pub fn of(rows: &'r [R]) -> Self {
        Self { rows, block: BlockWriter::new(rows.len(), rows.len() * 256) }
    }
    /// The block.
    pub fn finish(self) -> EncodedBlock {
        self.block.finish()
    }
    /// `String`.
    pub fn text(&mut self, name: &'static str, get: impl Fn(&'r R) -> &'r str) -> &mut Self {
        self.block.texts(name, self.rows.iter().map(|row| get(row).as_bytes()));
        self
    }
    /// `String` that need not be UTF-8.
    pub fn raw(&mut self, name: &'static str, get: impl Fn(&'r R) -> &'r [u8]) -> &mut Self {
        self.block.texts(name, self.rows.iter().map(get));
        self
    }
    /// `DateTime64(3)`, from milliseconds since the epoch.
    pub fn time(&mut self, name: &'static str, get: impl Fn(&R) -> i64) -> &mut Self {
        self.block.fixed(name, TIME, self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `Float64`.
    pub fn f64(&mut self, name: &'static str, get: impl Fn(&R) -> f64) -> &mut Self {
        self.block.fixed(name, "Float64", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `Float32`.
    pub fn f32(&mut self, name: &'static str, get: impl Fn(&R) -> f32) -> &mut Self {
        self.block.fixed(name, "Float32", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `UInt64`.
    pub fn u64(&mut self, name: &'static str, get: impl Fn(&R) -> u64) -> &mut Self {
        self.block.fixed(name, "UInt64", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `Int64`.
    pub fn i64(&mut self, name: &'static str, get: impl Fn(&R) -> i64) -> &mut Self {
        self.block.fixed(name, "Int64", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `UInt32`.
    pub fn u32(&mut self, name: &'static str, get: impl Fn(&R) -> u32) -> &mut Self {
        self.block.fixed(name, "UInt32", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `Int32`.
    pub fn i32(&mut self, name: &'static str, get: impl Fn(&R) -> i32) -> &mut Self {
        self.block.fixed(name, "Int32", self.rows.iter().map(|row| get(row).to_le_bytes()));
        self
    }
    /// `UInt8`.
    pub fn u8(&mut self, name: &'static str, get: impl Fn(&R) -> u8) -> &mut Self {
        self.block.fixed(name, "UInt8", self.rows.iter().map(|row| [get(row)]));
        self
    }
    /// `Bool`.
    pub fn bool(&mut self, name: &'static str, get: impl Fn(&R) -> bool) -> &mut Self {
        self.block.fixed(name, "Bool", self.rows.iter().map(|row| [u8::from(get(row))]));
        self
    }
    /// `Array(Tuple(Float64, Float64))`: the first parts of all elements, then the second ones.
    pub fn points<'p>(&mut self, name: &'static str, get: impl Fn(&'r R) -> &'p [tacho_model::LatLon]) -> &mut Self {
        let rows = self.rows;
        self.block.arrays(name, "Array(Tuple(Float64, Float64))", rows.iter().map(|row| get(row).len()), |bytes| {
            for part in [|point: &tacho_model::LatLon| point.lat, |point: &tacho_model::LatLon| point.lon] {
                for point in rows.iter().flat_map(&get) {
                    bytes.extend_from_slice(&part(point).to_le_bytes());
                }
            }
        });
        self
    }
    /// `Array(String)`.
    pub fn text_lists<'p>(&mut self, name: &'static str, get: impl Fn(&'r R) -> &'p [String]) -> &mut Self {
        let rows = self.rows;
        self.block.arrays(name, "Array(String)", rows.iter().map(|row| get(row).len()), |bytes| {
            rows.iter().flat_map(&get).for_each(|text| write_text(bytes, text));
        });
        self
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
