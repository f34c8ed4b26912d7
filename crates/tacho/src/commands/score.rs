//! `score`: what was found against what happened.

use crate::{
    cli::{Score, ScoreOutput},
    config::Config,
    stored::{Await, Stored},
};
use anyhow::{Context, Result};
use tacho_model::EventTime;
use tacho_score::{Found, Tolerance, Truth, queries, score};
use tacho_store::{ClickHouseStore, OutputFormat, QueryOptions};

/// Compares and prints the result.
pub fn run(config: &Config, args: &Score) -> Result<()> {
    let text = std::fs::read_to_string(&args.truth).with_context(|| format!("read {}", args.truth.display()))?;
    let truth = Truth::read(&text).with_context(|| format!("{}", args.truth.display()))?;
    let end = EventTime(truth.summary.end_ms);
    let stored = Stored::open(config, args.data_dir.as_deref(), args.clickhouse.as_deref(), Await::FleetTime(end))?;
    let found = stored.ask(|clickhouse| collect(clickhouse, &truth))?;
    let tolerance = Tolerance::at_rate(truth.summary.telemetry_rate_hz);
    let report = score(&truth, &found, &tolerance, args.details);
    match args.output {
        ScoreOutput::Table => print!("{}", report.table()),
        ScoreOutput::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(())
}

async fn collect(clickhouse: ClickHouseStore, truth: &Truth) -> Result<Found> {
    let rows = async |sql: &str| -> Result<String> {
        let result = clickhouse.query(sql, OutputFormat::Json, &QueryOptions::read_only())?.collect().await?;
        String::from_utf8(result).context("the store's answer is no text")
    };
    let mut found = Found::default();
    for query in queries(truth) {
        let is_there = rows(&format!("EXISTS TABLE {}", query.table)).await?.contains(":1");
        if is_there {
            found.take(query.table, &rows(&query.sql).await?)?;
        }
    }
    Ok(found)
}
