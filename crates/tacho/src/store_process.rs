//! The store that the other parts use: a supervised child of this program, or a server.

use crate::{config::Config, kafka_client};
use anyhow::{Context, Result};
use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    thread::{self, JoinHandle},
};
use tacho_store::{
    FleetSchedule, FleetSettings, Secret, StoreConfig,
    embedded::find_library,
    supervise::{SuperviseError, SuperviseLimits, Supervisor},
};

/// A supervised embedded store.
pub struct StoreProcess {
    supervisor: Supervisor,
}

impl StoreProcess {
    /// Starts one on a folder, on a free port.
    pub fn start(folder: &Path) -> Result<StoreProcess> {
        Ok(StoreProcess {
            supervisor: spawn(folder)?.join().map_err(|_| anyhow::anyhow!("starting the store panicked"))??,
        })
    }
    /// Its URL.
    pub fn url(&self) -> String {
        self.supervisor.url()
    }
    /// Ends it in order.
    pub fn stop(self) {
        self.supervisor.stop();
    }
}

/// A store that starts in the background.
pub enum StoreStart {
    /// The embedded one.
    Embedded(StoreConfig, JoinHandle<Result<Supervisor, SuperviseError>>),
    /// A server that is there already.
    Server(StoreConfig),
}

/// Begins to start what the configuration asks for.
pub fn begin(config: &Config) -> Result<StoreStart> {
    let store = store_config(config)?;
    if !config.store.url.is_empty() {
        return Ok(StoreStart::Server(store));
    }
    find_library()?;
    Ok(StoreStart::Embedded(store, spawn(&config.data.dir.join("store"))?))
}

impl StoreStart {
    /// Waits until the store answers.
    pub fn finish(self) -> Result<(StoreConfig, Option<StoreProcess>)> {
        match self {
            StoreStart::Server(config) => Ok((config, None)),
            StoreStart::Embedded(mut config, starting) => {
                let supervisor = starting.join().map_err(|_| anyhow::anyhow!("starting the store panicked"))??;
                config.url = supervisor.url();
                Ok((config, Some(StoreProcess { supervisor })))
            }
        }
    }
}

fn spawn(folder: &Path) -> Result<JoinHandle<Result<Supervisor, SuperviseError>>> {
    let program = std::env::current_exe().context("find this program")?;
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let folder = std::path::absolute(folder).with_context(|| format!("resolve {}", folder.display()))?;
    let of_room = folder.clone();
    let make_command = Box::new(move |listen: SocketAddr| {
        let mut command = Command::new(&program);
        command.arg("store").arg("--data-dir").arg(&folder).arg("--listen").arg(listen.to_string());
        command.arg("--die-with-parent");
        command
    });
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let room = Box::new(move || rustix::fs::statvfs(&of_room).ok().map(|disk| disk.f_bavail * disk.f_frsize));
    Ok(thread::spawn(move || Supervisor::start_with_room(make_command, any_port, SuperviseLimits::default(), room)))
}

/// The store's configuration; the URL of an embedded one comes later.
pub fn store_config(config: &Config) -> Result<StoreConfig> {
    let mut store = StoreConfig::new(&config.store.url);
    store.database.clone_from(&config.store.database);
    store.retention = config.retention.of_store();
    store.fleet = FleetSettings {
        time_zone: config.fleet.time_zone.clone(),
        idle_litres_per_hour: config.fleet.idle_litres_per_hour,
        fuel_price: config.fleet.fuel_price,
        scheduled_hours_per_day: config.fleet.scheduled_hours_per_day,
        under_utilized_share: config.fleet.under_utilized_share,
        schedules: config.fleet.schedules.iter().map(|text| FleetSchedule::parse(text)).collect::<Result<_, _>>()?,
    };
    if !config.store.url.is_empty() {
        store.is_compressed = true;
        store.user = Some(config.store.user.clone());
        let password = kafka_client::secret(&config.store.password_file, "TACHO_STORE_PASSWORD")?;
        store.password = password.map(Secret::new);
    }
    Ok(store)
}
