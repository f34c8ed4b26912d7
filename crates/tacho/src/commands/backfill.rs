//! `backfill`: computes days of vehicles again from what is stored.

use crate::{
    cli::Backfill as Args,
    config::Config,
    stored::{Await, Stored},
    thresholds::engine_config,
};
use anyhow::{Context, Result, bail};
use std::{io::Write, sync::Arc};
use tacho_io::{History, SystemClock};
use tacho_model::{EventTime, VehicleId};
use tacho_pipeline::Backfill;

/// Runs over the days, one line each.
pub fn run(config: &Config, args: &Args) -> Result<()> {
    let (from, to) = (moment("--from", &args.from)?, moment("--to", &args.to)?);
    if to <= from {
        bail!("--to must lie behind --from");
    }
    let stored = Stored::open(config, args.data_dir.as_deref(), args.clickhouse.as_deref(), Await::Stored)?;
    let engine = Arc::new(engine_config(config)?);
    let limits = super::up::pipeline_config(config).decode;
    let vehicles: Vec<VehicleId> = args.vehicle.iter().map(|id| VehicleId::from(id.as_str())).collect();
    stored.ask_blocking(|clickhouse| {
        let store = Arc::new(clickhouse);
        let days = store.days(&vehicles, from, to).context("find the days")?;
        let backfill = Backfill::new(engine, limits, store.clone(), store, Arc::new(SystemClock));
        run_days(&backfill, &days)
    })
}

fn run_days(backfill: &Backfill, days: &[tacho_io::DueDay]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for (number, due) in days.iter().enumerate() {
        let run = backfill.run_day(due).with_context(|| format!("compute a day of {}", due.vehicle_id))?;
        let mut day = Vec::new();
        tacho_wire::write_timestamp(due.day.ms(), &mut day);
        let line = serde_json::json!({
            "vehicle_id": due.vehicle_id.as_str(),
            "day": String::from_utf8_lossy(&day),
            "outcome": run.outcome.as_str(),
            "fixes": run.fix_count,
            "changed": run.changed_count,
            "withdrawn": run.withdrawn_count,
            "number": number + 1,
            "of": days.len(),
        });
        writeln!(out, "{line}").context("write the result")?;
    }
    Ok(())
}

/// A day or a moment, UTC.
fn moment(option: &str, text: &str) -> Result<EventTime> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    tacho_wire::parse_timestamp(&full).with_context(|| {
        format!("{option} is `{text}`; it must be a day as 2026-03-02 or a time as 2026-03-02T07:00:00Z")
    })
}
