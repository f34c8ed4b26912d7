//! Small binary files with a magic, a version and a checksum: indexes, recovery points, the id counter, offsets.

/// Writes such a file.
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    pub(crate) fn new(magic: &[u8; 4], version: u16) -> Self {
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&version.to_be_bytes());
        Self(bytes)
    }
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }
    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }
    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }
    pub(crate) fn i64(&mut self, value: i64) {
        self.u64(value as u64);
    }
    /// At most 65,535 bytes of it.
    pub(crate) fn text(&mut self, value: &str) {
        let len = u16::try_from(value.len()).expect("texts of clients have limits far below");
        self.u16(len);
        self.0.extend_from_slice(value.as_bytes());
    }
    /// The file's bytes, checksum behind.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let crc = crc32c::crc32c(&self.0);
        self.u32(crc);
        self.0
    }
}

/// Reads such a file. Every read is `None` beyond the end.
pub(crate) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    /// `None` unless magic, version and checksum fit.
    pub(crate) fn open(bytes: &'a [u8], magic: &[u8; 4], version: u16) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(body) != u32::from_be_bytes(*crc) {
            return None;
        }
        let rest = body.strip_prefix(magic)?.strip_prefix(&version.to_be_bytes())?;
        Some(Self(rest))
    }
    /// The version of a file of that kind whose checksum fits, whatever the version.
    pub(crate) fn version(bytes: &[u8], magic: &[u8; 4]) -> Option<u16> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        let version = body.strip_prefix(magic)?.first_chunk::<2>()?;
        (crc32c::crc32c(body) == u32::from_be_bytes(*crc)).then(|| u16::from_be_bytes(*version))
    }
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }
    pub(crate) fn text(&mut self) -> Option<String> {
        let len = usize::from(self.u16()?);
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
    /// True when everything has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
}
