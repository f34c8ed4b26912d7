//! See `tacho_wire::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tacho_wire::fuzzing::import(input));
