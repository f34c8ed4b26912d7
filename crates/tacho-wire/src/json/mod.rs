//! Strict JSON (RFC 8259): a scanner that refuses what the grammar refuses, objects by field, and a writer.

mod document;
mod number;
mod scan;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use document::{Document, Kind};
pub(crate) use number::parse_number;
pub(crate) use scan::{Scanner, byte_at, plain_run};
pub(crate) use text::decode_string;
pub(crate) use write::{ObjectWriter, push_f64};
