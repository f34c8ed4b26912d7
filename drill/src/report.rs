//! What a drill found.

use crate::{
    Disturbance,
    compare::{Compared, Comparison},
};
use std::{collections::BTreeMap, fmt, path::PathBuf};

/// What one pair of instances showed.
#[derive(Debug, Clone)]
pub(crate) struct PairReport {
    pub seed: u64,
    pub rounds: usize,
    pub acknowledged: u64,
    pub disturbances: Vec<Disturbance>,
    pub comparison: Comparison,
    /// Streams whose outcomes do not sum to what was received.
    pub unbalanced: Vec<String>,
}

/// The result of a drill.
#[derive(Debug, Clone)]
pub struct Summary {
    options: String,
    pairs: Vec<PairReport>,
    /// Folders of pairs that differ.
    pub(crate) kept: Vec<PathBuf>,
}

impl Summary {
    pub(crate) fn new(options: &crate::Options) -> Summary {
        let text = format!("{} events/s, {} vehicles, seed {}", options.rate, options.vehicles, options.seed);
        Summary { options: text, pairs: Vec::new(), kept: Vec::new() }
    }

    pub(crate) fn add(&mut self, report: PairReport) {
        self.pairs.push(report);
    }

    /// Facts that differ, and streams that do not balance.
    pub fn differences(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.comparison.differences() + pair.unbalanced.len() as u64).sum()
    }

    /// Messages that each instance acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.acknowledged).sum()
    }

    /// What was compared of every table and topic, over all pairs.
    pub fn compared(&self) -> Vec<Compared> {
        let mut sums: BTreeMap<(usize, String), Compared> = BTreeMap::new();
        for pair in &self.pairs {
            let parts = [&pair.comparison.tables, &pair.comparison.topics];
            for (rank, compared) in
                parts.iter().enumerate().flat_map(|(rank, part)| part.iter().map(move |c| (rank, c)))
            {
                let empty = || Compared { read: 0, facts: 0, differences: 0, shown: Vec::new(), ..compared.clone() };
                let sum = sums.entry((rank, compared.name.clone())).or_insert_with(empty);
                sum.read += compared.read;
                sum.facts += compared.facts;
                sum.differences += compared.differences;
                sum.shown.extend(compared.shown.iter().cloned());
            }
        }
        sums.into_values().collect()
    }

    /// Disturbances in the order in which they were done.
    pub fn disturbances(&self) -> impl Iterator<Item = &Disturbance> {
        self.pairs.iter().flat_map(|pair| &pair.disturbances)
    }

    fn write_disturbances(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
        for done in self.disturbances() {
            *counts.entry((done.place, done.kind, done.phase)).or_insert(0) += 1;
        }
        writeln!(f, "{:<8} {:<18} {:<28} {:>5}", "place", "what", "phase", "count")?;
        for ((place, kind, phase), count) in counts {
            writeln!(f, "{place:<8} {kind:<18} {phase:<28} {count:>5}")?;
        }
        Ok(())
    }

    fn write_compared(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28} {:>12} {:>12} {:>12}", "table or topic", "read", "facts", "differences")?;
        for compared in self.compared() {
            let Compared { name, read, facts, differences, .. } = &compared;
            writeln!(f, "{name:<28} {read:>12} {facts:>12} {differences:>12}")?;
            compared.shown.iter().try_for_each(|text| writeln!(f, "    {text}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.options)?;
        self.write_disturbances(f)?;
        writeln!(f)?;
        self.write_compared(f)?;
        for pair in &self.pairs {
            pair.unbalanced.iter().try_for_each(|text| writeln!(f, "unbalanced: {text}"))?;
            if pair.comparison.differences() > 0 || !pair.unbalanced.is_empty() {
                writeln!(f, "to repeat it: make drill SEED={} ROUNDS={}", pair.seed, pair.rounds)?;
            }
        }
        for folder in &self.kept {
            writeln!(f, "kept for a look: {}", folder.display())?;
        }
        let rounds: usize = self.pairs.iter().map(|pair| pair.rounds).sum();
        let facts: u64 = self.compared().iter().map(|compared| compared.facts).sum();
        write!(
            f,
            "\n{rounds} rounds, {} disturbances, {} messages, {facts} facts compared, {} differences",
            self.disturbances().count(),
            self.acknowledged(),
            self.differences()
        )
    }
}
