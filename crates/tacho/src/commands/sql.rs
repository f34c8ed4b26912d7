//! `sql`: read-only queries over what is stored.

use crate::{
    cli::{Sql, SqlOutput},
    config::Config,
    stored::{Await, Stored},
};
use anyhow::{Context, Result};
use std::io::Write;
use tacho_store::{ClickHouseStore, OutputFormat, QueryOptions};

/// Runs the query and prints its result.
pub fn run(config: &Config, args: &Sql) -> Result<()> {
    let wait = if args.no_wait { Await::Nothing } else { Await::Stored };
    let stored = Stored::open(config, args.data_dir.as_deref(), args.clickhouse.as_deref(), wait)?;
    stored.ask(|clickhouse| print(clickhouse, args))
}

async fn print(clickhouse: ClickHouseStore, args: &Sql) -> Result<()> {
    let format = match args.output {
        SqlOutput::Table => OutputFormat::Table,
        SqlOutput::Tsv => OutputFormat::Tsv,
        SqlOutput::Csv => OutputFormat::Csv,
        SqlOutput::Json => OutputFormat::Json,
    };
    let mut result = clickhouse.query(&args.query, format, &QueryOptions::read_only())?;
    let mut out = std::io::stdout().lock();
    while let Some(piece) = result.next().await? {
        out.write_all(&piece).context("write the result")?;
    }
    out.flush().context("write the result")
}
