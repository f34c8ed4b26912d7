//! Alerts on purpose, and when they come out of the live stream: an injector and an SSE client.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::JoinHandle,
};
use tacho_kafka::{ProducerConfig, ProducerLane};

const TELEMETRY: &str = "fleet.prod.telemetry.raw";
/// Vehicles of the probe are named so.
const PREFIX: &str = "probe_";
/// Alerts that may wait to be looked at.
const QUEUE: usize = 100_000;

/// Sends vehicles that brake hard: each one once.
pub struct Injector {
    lane: ProducerLane,
    series: String,
    next: u32,
}

impl Injector {
    /// Connects; `series` tells its vehicles from those of another injector.
    pub fn connect(kafka: &str, series: &str) -> Result<Injector> {
        let mut config = ProducerConfig::new(kafka);
        // The probe measures the system, not a producer's patience.
        config.linger = std::time::Duration::from_millis(1);
        let lane = ProducerLane::open(&config, vec![TELEMETRY.to_owned()], 1)?.pop().context("one lane")?;
        Ok(Injector { lane, series: series.to_owned(), next: 0 })
    }

    /// A new vehicle: 60 km/h a second ago, 25 km/h now. The second fix decides the alert; its event time is now.
    /// Gives the vehicle and that time, ms.
    pub fn brake(&mut self) -> Result<(String, i64)> {
        let vehicle = format!("{PREFIX}{}_{}", self.series, self.next);
        self.next += 1;
        let now = jiff::Timestamp::now().as_millisecond();
        for (ago_ms, speed, lat) in [(1_000, 60.0, 12.99), (0, 25.0, 12.990_106)] {
            let time = jiff::Timestamp::from_millisecond(now - ago_ms)?;
            let value = format!(
                r#"{{"event_id":"{vehicle}-{ago_ms}","vehicle_id":"{vehicle}","driver_id":"","trip_id":"","timestamp":"{time:.3}","lat":{lat},"lon":77.6,"speed_kmph":{speed},"heading":0.0,"sat_count":9,"battery_v":12.6}}"#
            );
            self.lane.send(0, vehicle.as_bytes(), value.as_bytes(), now - ago_ms)?;
        }
        Ok((vehicle, now))
    }
}

/// A live alert of a probe's vehicle.
pub struct Heard {
    pub vehicle: String,
    /// When it was received, ms since the epoch.
    pub at_ms: i64,
}

/// A viewer of the live stream, on a thread.
pub struct Listener {
    heard: Receiver<Heard>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Joins the live stream, as a dashboard that shows the whole fleet does.
    pub fn join(http: &str) -> Result<Listener> {
        let (sender, heard) = sync_channel(QUEUE);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url) = (stop.clone(), format!("{http}/api/v1/stream"));
        let thread = std::thread::Builder::new().name("viewer".to_owned()).spawn(move || {
            let outcome = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(anyhow::Error::from)
                .and_then(|runtime| runtime.block_on(listen(&url, &sender, &stopped)));
            if let Err(error) = outcome {
                eprintln!("the live stream ended: {error:#}");
            }
        })?;
        Ok(Listener { heard, stop, thread: Some(thread) })
    }

    /// The alerts heard since the last call.
    pub fn take(&self) -> Result<Vec<Heard>> {
        let mut heard = Vec::new();
        loop {
            match self.heard.try_recv() {
                Ok(alert) => heard.push(alert),
                Err(TryRecvError::Empty) => return Ok(heard),
                Err(TryRecvError::Disconnected) => anyhow::bail!("the live stream has ended"),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn listen(url: &str, sender: &SyncSender<Heard>, stop: &AtomicBool) -> Result<()> {
    let mut response = reqwest::get(url).await?.error_for_status()?;
    let mut text = Vec::new();
    // The stream says something at least every few seconds: the flag is seen soon enough.
    while !stop.load(Ordering::Relaxed) {
        let Some(chunk) = response.chunk().await? else { anyhow::bail!("it was closed") };
        let at_ms = jiff::Timestamp::now().as_millisecond();
        let searched = text.len().saturating_sub(1);
        text.extend_from_slice(&chunk);
        let mut done = 0;
        let mut from = searched;
        while let Some(place) = text[from..].windows(2).position(|pair| pair == b"\n\n") {
            let end = from + place;
            for vehicle in probes_in(&text[done..end]) {
                if sender.send(Heard { vehicle, at_ms }).is_err() {
                    return Ok(());
                }
            }
            done = end + 2;
            from = done;
        }
        text.drain(..done);
    }
    Ok(())
}

/// The probe's vehicles of an `alerts` event.
fn probes_in(event: &[u8]) -> Vec<String> {
    let Some(data) = event.strip_prefix(b"event: alerts\ndata: ") else { return Vec::new() };
    let news: Value = serde_json::from_slice(data).unwrap_or_default();
    let alerts = news["alerts"].as_array().cloned().unwrap_or_default();
    let vehicles = alerts.iter().filter_map(|alert| alert["vehicle_id"].as_str());
    vehicles.filter(|vehicle| vehicle.starts_with(PREFIX)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::probes_in;

    #[test]
    fn only_alerts_of_the_probes_vehicles_are_heard() {
        let event = br#"event: alerts
data: {"alerts":[{"vehicle_id":"probe_a_1"},{"vehicle_id":"veh_1"},{"vehicle_id":"probe_a_2"}]}"#;
        assert_eq!(probes_in(event), ["probe_a_1", "probe_a_2"]);
        assert!(probes_in(b"event: kpi\ndata: {}").is_empty());
        assert!(probes_in(b": heartbeat").is_empty());
    }
}
