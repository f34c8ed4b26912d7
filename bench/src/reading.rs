//! What a stretch of load has cost, by stage.

use crate::{
    report::Report,
    system::{System, counter},
};
use anyhow::Result;
use std::time::Instant;

/// The system's counters at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub at: Instant,
    /// Telemetry events that the engine has taken.
    pub events: f64,
    pub facts: f64,
    pub epochs: f64,
    pub engine_s: f64,
    decode_s: f64,
    publish_s: f64,
    up_s: f64,
    store_s: f64,
}

impl Reading {
    /// Reads them.
    pub fn take(system: &System) -> Result<Reading> {
        let counters = system.instance.counters()?;
        let (up_s, store_s) = system.cpu_s()?;
        let telemetry =
            counters["streams"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "telemetry"));
        Ok(Reading {
            at: Instant::now(),
            events: telemetry.map_or(f64::NAN, |telemetry| counter(telemetry, "received")),
            facts: counter(&counters, "facts"),
            epochs: counter(&counters, "epoch_planned"),
            engine_s: counter(&counters, "engine_cpu_s"),
            decode_s: counter(&counters, "decode_cpu_s"),
            publish_s: counter(&counters, "publish_cpu_s"),
            up_s,
            store_s,
        })
    }

    /// What has been used since `before`.
    pub fn since(&self, before: &Reading) -> Spent {
        let events = self.events - before.events;
        let per_million = |now: f64, then: f64| (now - then) * 1e6 / events;
        Spent {
            seconds: (self.at - before.at).as_secs_f64(),
            events,
            facts: self.facts - before.facts,
            epochs: self.epochs - before.epochs,
            decode: per_million(self.decode_s, before.decode_s),
            engine: per_million(self.engine_s, before.engine_s),
            publish: per_million(self.publish_s, before.publish_s),
            up: per_million(self.up_s, before.up_s),
            store: per_million(self.store_s, before.store_s),
        }
    }
}

/// A stretch of load; CPU in seconds per million events.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    pub seconds: f64,
    pub events: f64,
    facts: f64,
    epochs: f64,
    decode: f64,
    pub engine: f64,
    publish: f64,
    up: f64,
    store: f64,
}

impl Spent {
    /// CPU seconds per million events of everything but the generator.
    pub fn system(&self) -> f64 {
        self.up + self.store
    }

    /// CPU by stage.
    pub fn report_stages(&self, load: &str, report: &mut Report) -> Result<()> {
        report.add(load, "decode", self.decode, "CPU s/million")?;
        report.add(load, "engine", self.engine, "CPU s/million")?;
        report.add(load, "publish (encode and send)", self.publish, "CPU s/million")?;
        report.add(load, "up, all of it", self.up, "CPU s/million")?;
        let rest = self.up - self.decode - self.engine - self.publish;
        report.add(load, "log, listener and the rest of up", rest, "CPU s/million")?;
        report.add(load, "store (ClickHouse)", self.store, "CPU s/million")
    }

    /// What must be alike for two stretches to compare.
    pub fn report_terms(&self, load: &str, report: &mut Report) -> Result<()> {
        report.add(load, "rate held", self.events / self.seconds, "events/s")?;
        report.add(load, "events in an epoch", self.events / self.epochs, "events")?;
        report.add(load, "facts made of an event", self.facts / self.events, "facts")
    }
}

#[cfg(test)]
mod tests {
    use super::Reading;
    use std::time::{Duration, Instant};

    #[test]
    fn cpu_is_given_per_million_events_of_the_stretch() {
        let at = Instant::now();
        let before = Reading {
            at,
            events: 1e6,
            facts: 0.0,
            epochs: 10.0,
            engine_s: 3.0,
            decode_s: 1.0,
            publish_s: 1.0,
            up_s: 6.0,
            store_s: 1.0,
        };
        let after =
            Reading { at: at + Duration::from_secs(8), events: 3e6, engine_s: 4.0, up_s: 9.0, store_s: 2.0, ..before };
        let spent = after.since(&before);
        assert_eq!((spent.events, spent.seconds), (2e6, 8.0));
        assert_eq!((spent.engine, spent.decode, spent.system()), (0.5, 0.0, 2.0));
    }
}
