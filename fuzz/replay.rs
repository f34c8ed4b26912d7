//! What the crates' tests share: a target's kept corpus, run once more without a fuzzer.

use std::{fs, path::PathBuf};

/// Runs the inputs in `fuzz/corpus/TARGET`: seeds, what a fuzzer found worth keeping, and what once broke something.
/// With `TACHO_UPDATE=1` the seeds are written there first.
pub(crate) fn replay(target: &str, seeds: &[(&str, Vec<u8>)], run: impl Fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    if std::env::var_os("TACHO_UPDATE").is_some() {
        fs::create_dir_all(&folder).expect("the folder can be made");
        for (name, bytes) in seeds {
            fs::write(folder.join(format!("seed-{name}")), bytes).expect("a seed can be written");
        }
    }
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= seeds.len(), "{}: run the test with TACHO_UPDATE=1", folder.display());
    for file in files {
        // Shown when the run fails: the last one is the culprit.
        println!("{}", file.display());
        run(&fs::read(&file).expect("an input can be read"));
    }
}
