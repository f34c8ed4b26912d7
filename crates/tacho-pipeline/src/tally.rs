//! Counting records by outcome: `received = rejected + duplicate + late + applied + buffered + own`, per stream.

use crate::{
    chunk::Chunk,
    journal::Manifest,
    shard::{OutcomeCounts, VehicleAnswer},
};
use tacho_engine::{Displacements, SideCounts};
use tacho_io::{DISPLACEMENT_BOUNDS_MS, PipelineStats, StreamStats};
use tacho_model::{Rejected, Stream};

const _: () = assert!(Displacements::BOUNDS_MS.len() == DISPLACEMENT_BOUNDS_MS.len());

/// Counts what the epochs did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// What restored state held has been received by an earlier run; it is counted in with the first epoch. If that
    /// was a run of this process, what was buffered at its end is counted already.
    is_based: bool,
}

/// Counts what a restored state held in, and what was held at the end of an earlier run of this process out.
fn rebase(counters: &StreamStats, held: u64) {
    let counted = counters.buffered.get();
    counters.received.set((counters.received.get() + held).saturating_sub(counted));
}

/// What came in with an epoch, by rank of the stream.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Arrived {
    events: [u64; Stream::ALL.len()],
}

impl Arrived {
    pub(crate) fn of(chunks: &[Chunk]) -> Self {
        let mut arrived = Self::default();
        for chunk in chunks {
            arrived.events[usize::from(chunk.stream.rank())] += chunk.events as u64;
        }
        arrived
    }
    pub(crate) fn events(&self, stream: Stream) -> u64 {
        self.events[usize::from(stream.rank())]
    }
}

impl Tally {
    /// Adds an epoch that all key groups took part in.
    pub(crate) fn add(
        &mut self,
        stats: &PipelineStats,
        manifest: &Manifest,
        arrived: &Arrived,
        rejected: &[Rejected],
        answers: &[VehicleAnswer],
    ) {
        for range in &manifest.ranges {
            let counters = stats.stream(Stream::ALL[usize::from(range.stream)]);
            counters.received.add(range.own);
            counters.own.add(range.own);
        }
        for record in rejected {
            stats.stream(record.stream).received.add(1);
            stats.stream(record.stream).rejected.add(1);
            stats.rejected(record.reason).add(1);
        }
        self.add_telemetry(stats, arrived.events(Stream::Telemetry), answers);
        for stream in Stream::ALL.into_iter().filter(|&stream| stream != Stream::Telemetry) {
            self.add_side(stats, stream, arrived, answers);
        }
        self.is_based = true;
    }

    fn add_telemetry(&self, stats: &PipelineStats, events: u64, answers: &[VehicleAnswer]) {
        let mut outcomes = OutcomeCounts::default();
        answers.iter().for_each(|answer| outcomes.add(answer.outcomes));
        let held = answers.iter().map(|answer| answer.output.held_rows).sum::<u64>();
        let released = answers.iter().map(|answer| answer.output.released.len() as u64).sum::<u64>();
        let counters = stats.stream(Stream::Telemetry);
        if !self.is_based {
            rebase(counters, (held + released).saturating_sub(outcomes.held));
        }
        counters.received.add(events);
        counters.applied.add(outcomes.applied);
        counters.late.add(outcomes.late);
        counters.duplicate.add(outcomes.duplicate);
        counters.buffered.set(held);
        stats.dropped_trips.add(answers.iter().map(|answer| answer.output.dropped_trips).sum());
        for displacements in answers.iter().map(|answer| &answer.output.displacements) {
            stats.displacements.sum_ms.add(displacements.sum_ms());
            stats.displacements.counts.iter().zip(displacements.counts()).for_each(|(sum, count)| sum.add(*count));
        }
    }

    fn add_side(&self, stats: &PipelineStats, stream: Stream, arrived: &Arrived, answers: &[VehicleAnswer]) {
        let (counters, events) = (stats.stream(stream), arrived.events(stream));
        let (applied, late, buffered) = side_outcomes(stream, answers);
        if !self.is_based {
            // Everything that came out of the buffers or is still there, and did not come in now.
            rebase(counters, (applied + late + buffered).saturating_sub(events));
        }
        counters.received.add(events);
        counters.applied.add(applied);
        counters.late.add(late);
        counters.buffered.set(buffered);
    }
}

/// Applied and late now, and buffered as of now.
fn side_outcomes(stream: Stream, answers: &[VehicleAnswer]) -> (u64, u64, u64) {
    let sum = |count: fn(&SideCounts, Stream) -> u64| {
        answers.iter().map(|answer| count(&answer.output.side_outcomes, stream)).sum::<u64>()
    };
    (sum(SideCounts::applied), sum(SideCounts::late), sum(SideCounts::buffered))
}
