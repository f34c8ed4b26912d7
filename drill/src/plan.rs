//! What is done when: drawn from the seed.

use crate::Options;
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use std::time::Duration;

/// A kind of disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `kill -9` of `tacho up` and its store.
    Whole,
    /// The same, and again while it starts or replays.
    WholeTwice,
    /// The same, while the publish queue is full of what a paused store has not taken.
    WholeInBacklog,
    /// `kill -9` of the store's process alone.
    Store,
    /// The store's process is stopped for a while.
    StoreAway,
    /// SIGTERM, which must end with 0 within 10 s, and a start.
    Terminate,
    /// The disk fills up, and has room again after a while.
    DiskFull,
    /// `kill -9` of `tacho run`, which works between Kafka and a ClickHouse server.
    Pipeline,
    /// `kill -9` of one of three Kafka brokers, which comes back after a while.
    Broker,
    /// `kill -9` of all three at once; they come back after a while.
    AllBrokers,
}

impl Kind {
    /// Kinds for `tacho up`.
    pub const EMBEDDED: [Kind; 7] = [
        Kind::Whole,
        Kind::Store,
        Kind::Terminate,
        Kind::WholeTwice,
        Kind::StoreAway,
        Kind::WholeInBacklog,
        Kind::DiskFull,
    ];
    /// Kinds for `tacho run` between three Kafka brokers and a ClickHouse server.
    pub const KAFKA: [Kind; 3] = [Kind::Broker, Kind::Pipeline, Kind::AllBrokers];

    /// All kinds.
    pub fn all() -> Vec<Kind> {
        [&Kind::EMBEDDED[..], &Kind::KAFKA].concat()
    }

    /// True for those of [`Kind::KAFKA`].
    pub fn is_on_kafka(self) -> bool {
        Kind::KAFKA.contains(&self)
    }

    /// The name on the command line and in the summary.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Whole => "whole",
            Kind::WholeTwice => "whole-twice",
            Kind::WholeInBacklog => "whole-in-backlog",
            Kind::Store => "store",
            Kind::StoreAway => "store-paused",
            Kind::Terminate => "sigterm",
            Kind::DiskFull => "disk-full",
            Kind::Pipeline => "pipeline",
            Kind::Broker => "broker",
            Kind::AllBrokers => "brokers-away",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::all().into_iter().find(|kind| kind.name() == name)
    }
}

/// One disturbance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Over the whole drill, from 1.
    pub number: u32,
    pub kind: Kind,
    /// Wait from the round's beginning.
    pub after: Duration,
    /// A second random length, for kinds that need one: 0.0..1.0 of its range.
    pub share: f64,
}

/// The rounds of one pair of instances.
#[derive(Debug, Clone)]
pub(crate) struct PairPlan {
    /// Seed of its load.
    pub seed: u64,
    pub rounds: Vec<Round>,
}

impl PairPlan {
    /// True when the disturbed instance lives on a small file system.
    pub fn is_on_small_disk(&self) -> bool {
        self.rounds.iter().any(|round| round.kind == Kind::DiskFull)
    }

    /// True when the disturbed instance works between Kafka and a ClickHouse server.
    pub fn is_on_kafka(&self) -> bool {
        self.rounds.iter().any(|round| round.kind.is_on_kafka())
    }
}

/// Deals the kinds out evenly, in random order. A full disk gets pairs of its own, since its file system is small, and so
/// does Kafka.
pub(crate) fn pairs(options: &Options) -> Vec<PairPlan> {
    let mut dice = Pcg64Mcg::seed_from_u64(options.seed);
    let kinds = options.kinds.iter().cycle().take(options.rounds as usize).copied();
    let (mut kafka, embedded): (Vec<Kind>, Vec<Kind>) = kinds.partition(|kind| kind.is_on_kafka());
    let (disk, mut others): (Vec<Kind>, Vec<Kind>) = embedded.into_iter().partition(|kind| *kind == Kind::DiskFull);
    others.shuffle(&mut dice);
    kafka.shuffle(&mut dice);
    let per_pair = options.rounds_per_pair.max(1) as usize;
    let mut number = 0;
    let mut plans = Vec::new();
    for kinds in others.chunks(per_pair).chain(disk.chunks(per_pair.min(5))).chain(kafka.chunks(per_pair)) {
        // A pair alone is repeated by its own seed: the first pair's is the drill's.
        let seed = options.seed.wrapping_add(plans.len() as u64 * 1_000_003);
        let rounds = kinds.iter().map(|kind| {
            number += 1;
            let span = options.round.as_secs_f64() * 0.35;
            let after = Duration::from_secs_f64(0.5 + dice.random_range(0.0..span.max(0.1)));
            Round { number, kind: *kind, after, share: dice.random_range(0.0..1.0) }
        });
        plans.push(PairPlan { seed, rounds: rounds.collect() });
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(rounds: u32) -> Options {
        Options {
            program: "tacho".into(),
            seed: 7,
            rounds,
            kinds: Kind::all(),
            rounds_per_pair: 25,
            rate: 1_000,
            vehicles: 100,
            round: Duration::from_secs(18),
            silence: Duration::ZERO,
            is_verbose: false,
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_rounds_and_deals_every_kind() {
        let plans = pairs(&options(50));
        let text = |plans: &[PairPlan]| format!("{plans:?}");
        assert_eq!(text(&plans), text(&pairs(&options(50))));
        let rounds: Vec<Round> = plans.iter().flat_map(|plan| plan.rounds.clone()).collect();
        assert_eq!(rounds.iter().map(|round| round.number).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
        for kind in Kind::all() {
            let count = rounds.iter().filter(|round| round.kind == kind).count();
            assert_eq!(count, 5, "{kind:?}");
        }
        // A full disk never shares its pair with another kind; nor does Kafka with the embedded log.
        for plan in plans.iter().filter(|plan| plan.is_on_small_disk()) {
            assert!(plan.rounds.iter().all(|round| round.kind == Kind::DiskFull));
        }
        for plan in plans.iter().filter(|plan| plan.is_on_kafka()) {
            assert!(plan.rounds.iter().all(|round| round.kind.is_on_kafka()));
        }
    }
}
