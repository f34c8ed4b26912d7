//! `config`, `check`, `completions`, `man`: what helps to set tacho up.

use crate::{
    cli::{Check, Cli},
    commands::geofence,
    config::Config,
};
use anyhow::{Context, Result, bail};
use clap::CommandFactory;
use std::{io, net::TcpListener, path::Path};
use tacho_model::EventTime;

/// Prints the effective configuration.
pub fn print_config(config: &Config) -> Result<()> {
    print!("{}", toml::to_string(config).context("render the configuration")?);
    Ok(())
}

/// Says for each thing that `up` needs whether it is there.
pub fn check(config: &Config, args: &Check) -> Result<()> {
    let mut problems = 0;
    let mut report = |what: &str, result: Result<String>| match result {
        Ok(detail) => println!("ok    {what}: {detail}"),
        Err(error) => {
            problems += 1;
            println!("FAIL  {what}: {error:#}");
        }
    };
    report("configuration", Ok("valid".into()));
    if !args.files_only {
        if config.store.url.is_empty() {
            report("ClickHouse library", find_library());
        } else {
            report("ClickHouse server", Ok(config.store.url.clone()));
        }
        report("Kafka address", address_is_free(&config.kafka.listen));
        report("HTTP address", address_is_free(&config.http.listen));
    }
    for file in &args.geofences {
        let geofences = geofence::read(file, EventTime(0)).map(|geofences| format!("{} geofences", geofences.len()));
        report(&file.display().to_string(), geofences);
    }
    if problems > 0 {
        bail!("{problems} of the checks failed");
    }
    Ok(())
}

fn find_library() -> Result<String> {
    Ok(tacho_store::embedded::find_library()?.display().to_string())
}

fn address_is_free(address: &str) -> Result<String> {
    TcpListener::bind(address).with_context(|| format!("listen on {address}; is another instance running?"))?;
    Ok(format!("{address} is free"))
}

/// Prints shell completions.
pub fn completions(shell: clap_complete::Shell) -> Result<()> {
    clap_complete::generate(shell, &mut Cli::command(), "tacho", &mut io::stdout());
    Ok(())
}

/// Writes a man page per command.
pub fn man(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(|| format!("write to {}", folder.display()))
}
