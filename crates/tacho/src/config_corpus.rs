//! The kept corpus of the fuzz target `config` as a test.

use crate::config;

#[path = "../../../fuzz/replay.rs"]
mod replay;

#[test]
fn config_corpus() {
    let example = include_str!("../../../config/example.toml");
    let set: Vec<&str> = example.lines().map(|line| line.trim_start_matches('#').trim_start()).collect();
    let seeds = [
        ("example", example.into()),
        ("set", set.join("\n").into()),
        ("short", b"[pipeline]\nshards = 2\nepoch_ms = 50\n[log]\nfsync = \"always\"\n".to_vec()),
        ("wrong", b"[topics]\nprefx = 1\n".to_vec()),
    ];
    replay::replay("config", &seeds, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let Ok(parsed) = config::parse(text) else { return };
        let written = toml::to_string(&parsed).expect("a configuration can be written");
        assert_eq!(config::parse(&written).expect("what is written is read"), parsed);
    });
}
