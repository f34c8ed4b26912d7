//! A configuration file: refused with a message of one line or taken, and what is taken reads the same when written.
#![no_main]

#[allow(dead_code, reason = "the command uses the rest")]
#[path = "../../crates/tacho/src/config.rs"]
mod config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match config::parse(text) {
        Ok(parsed) => {
            let written = toml::to_string(&parsed).expect("a configuration can be written");
            assert_eq!(config::parse(&written).expect("what is written is read"), parsed);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
