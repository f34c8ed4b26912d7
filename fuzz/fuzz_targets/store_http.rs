//! See `tacho_store::embedded::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tacho_store::embedded::fuzzing::store_http(input));
