//! Runs the engine on one machine: epochs, shards, journal, snapshots, recovery, publishing.
