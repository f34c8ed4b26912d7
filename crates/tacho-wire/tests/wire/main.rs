//! Tests of the crate from outside, with files: schemas and real recordings.

mod recordings;
mod schemas;
