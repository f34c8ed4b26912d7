//! Minutes, quarters of an hour, 20 s summaries.

use super::{Difference, Replayed, Span, next_version};
use std::collections::{BTreeMap, BTreeSet};
use tacho_io::{Known, StoredFacts, Table, Versioned, WindowView};
use tacho_model::{EventTime, VehicleInterval};

/// Compares the windows that start in the span.
pub(super) fn differ(replayed: &Replayed, stored: &StoredFacts, span: Span, difference: &mut Difference) {
    let minutes = replayed.minutes.range(span.from..span.to);
    let known: BTreeMap<_, _> = stored.minutes.iter().map(|known| (known.view.start, known)).collect();
    difference.minutes = differ_kind(minutes, &known, Table::VehicleMinutes, &mut difference.withdrawn);
    // Quarters that the live state may still touch are left to it.
    let whole = span.from..span.to.floor_to_ms(VehicleInterval::LENGTH_MS).max(span.from);
    let known = stored.intervals.iter().filter(|known| whole.contains(&known.view.start));
    let known: BTreeMap<_, _> = known.map(|known| (known.view.start, known)).collect();
    let intervals = replayed.intervals.range(whole.clone());
    difference.intervals = differ_kind(intervals, &known, Table::VehicleIntervals, &mut difference.withdrawn);
    let summaries = replayed.summaries.range(span.from..span.to);
    let known: BTreeMap<_, _> = stored.summaries.iter().map(|known| (known.view.start, known)).collect();
    difference.summaries = differ_kind(summaries, &known, Table::TripSummaries, &mut difference.withdrawn);
}

fn differ_kind<'a, T: Clone + 'a>(
    replayed: impl Iterator<Item = (&'a EventTime, &'a T)>,
    known: &BTreeMap<EventTime, &Known<WindowView>>,
    table: Table,
    withdrawn: &mut Vec<(Table, Vec<String>)>,
) -> Vec<Versioned<T>>
where
    WindowView: From<&'a T>,
{
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for (start, fact) in replayed {
        seen.insert(*start);
        if let Some(version) = next_version(&WindowView::from(fact), known.get(start).copied()) {
            rows.push(Versioned { fact: fact.clone(), version });
        }
    }
    let gone = known.iter().filter(|(start, known)| !known.is_withdrawn && !seen.contains(*start));
    withdrawn.push((table, gone.map(|(start, _)| start.ms().to_string()).collect()));
    rows
}
