//! Waits until the fleet time of a running instance has passed a moment.
//!
//! What silence tells (trips that time out, breaks that last, buffers that are let go) is concluded on fleet time, which
//! goes on by itself once the input has stopped: partitions that have been quiet for `idle_after` are left out, and
//! when all are, fleet time follows the clock.

use crate::NotReachable;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::time::{Duration, Instant};
use tacho_model::EventTime;

/// How often the instance is asked.
const POLL: Duration = Duration::from_millis(200);
/// Neither fleet time nor the rest of the log has moved for so long: it will not come.
const STALL: Duration = Duration::from_secs(60);
/// Time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// What `/api/v1/system` says of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Clock {
    /// ISO-8601.
    fleet_time: Option<String>,
    lag_records: u64,
}

impl Clock {
    fn has_passed(&self, end: EventTime) -> bool {
        let at = self.fleet_time.as_ref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        self.lag_records == 0 && at.is_some_and(|at| at.as_millisecond() >= end.ms())
    }

    fn text(&self) -> String {
        let at = self.fleet_time.as_deref().unwrap_or("not known yet");
        format!("fleet time is {at}, {} records wait", self.lag_records)
    }
}

/// Waits until the instance at `http` has read its log to the end and its fleet time is not before `end`. Says on the
/// standard error stream how far it is.
///
/// # Errors
/// When the instance cannot be asked, or nothing has moved for a minute.
pub async fn wait_until(http: &str, end: EventTime) -> Result<()> {
    let url = format!("{http}/api/v1/system");
    let client = reqwest::Client::builder().timeout(STALL).build()?;
    let until = jiff::Timestamp::from_millisecond(end.ms()).context("the end of the truth is no time")?;
    let (mut last, mut moved, mut told) = (Clock::default(), Instant::now(), Instant::now());
    loop {
        let answer = client.get(&url).send().await.map_err(|error| NotReachable(format!("{http}: {error}")))?;
        let text = answer.error_for_status().context("ask for fleet time")?.text().await?;
        let clock: Clock = serde_json::from_str(&text).with_context(|| format!("read {url}"))?;
        if clock.has_passed(end) {
            return Ok(());
        }
        if clock != last {
            (last, moved) = (clock, Instant::now());
        }
        if moved.elapsed() >= STALL {
            bail!(
                "the truth ends at {until:.0}, but {}, and nothing has moved for {} s; is the pipeline stopped, or was \
                 this truth written for another instance?",
                last.text(),
                STALL.as_secs()
            );
        }
        if told.elapsed() >= PROGRESS_EVERY {
            eprintln!("waiting for {until:.0}: {}", last.text());
            told = Instant::now();
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_passed_when_the_log_is_read_and_fleet_time_is_there() {
        let clock = |text: &str| serde_json::from_str::<Clock>(text).expect("a clock");
        let end = EventTime(1_768_478_400_000);
        assert!(clock(r#"{"fleet_time":"2026-01-15T12:00:00.000Z","lag_records":0,"ready":true}"#).has_passed(end));
        assert!(!clock(r#"{"fleet_time":"2026-01-15T11:59:59.999Z","lag_records":0}"#).has_passed(end));
        assert!(!clock(r#"{"fleet_time":"2026-01-15T12:00:09.000Z","lag_records":3}"#).has_passed(end));
        let unknown = clock(r#"{"fleet_time":null,"lag_records":0}"#);
        assert!(!unknown.has_passed(end));
        assert_eq!(unknown.text(), "fleet time is not known yet, 0 records wait");
    }
}
