//! The file by which other commands find the running instance of a data folder.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// The addresses of a running instance; also its ready line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Dashboard and API.
    pub http: String,
    /// Bootstrap address of the Kafka-protocol listener.
    pub kafka: String,
    /// ClickHouse's HTTP interface.
    pub clickhouse: String,
}

/// What stands in `running.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Running {
    pid: u32,
    #[serde(flatten)]
    addresses: Addresses,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("running.json")
}

/// Makes sure that no other process works in a data folder. Held until dropped, however the process ends.
pub fn lock(data_dir: &Path) -> Result<File> {
    fs::create_dir_all(data_dir).with_context(|| format!("create {}", data_dir.display()))?;
    let path = data_dir.join("lock");
    let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another tacho is running on {}; stop it, or use another --data-dir", data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
    }
}

/// Says where this process can be reached. The file goes when the guard is dropped.
pub fn announce(data_dir: &Path, addresses: &Addresses) -> Result<Announcement> {
    let file = path(data_dir);
    let running = Running { pid: std::process::id(), addresses: addresses.clone() };
    let partial = file.with_extension("json.partial");
    fs::write(&partial, serde_json::to_vec(&running)?).with_context(|| format!("write {}", partial.display()))?;
    fs::rename(&partial, &file).with_context(|| format!("write {}", file.display()))?;
    Ok(Announcement { file })
}

/// Removes the file when dropped.
#[derive(Debug)]
pub struct Announcement {
    file: PathBuf,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A file that stays behind is harmless: its process is not there any more.
        let _ = fs::remove_file(&self.file);
    }
}

/// The addresses of the running instance of a data folder, if there is one.
pub fn find(data_dir: &Path) -> Option<Addresses> {
    let text = fs::read(path(data_dir)).ok()?;
    let running: Running = serde_json::from_slice(&text).ok()?;
    let pid = rustix::process::Pid::from_raw(i32::try_from(running.pid).ok()?)?;
    rustix::process::test_kill_process(pid).ok()?;
    Some(running.addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner() {
        let dir = tempfile::tempdir().expect("a folder");
        let held = lock(dir.path()).expect("locked");
        let error = lock(dir.path()).expect_err("refused").to_string();
        assert!(error.contains("another tacho is running"), "{error}");
        drop(held);
        lock(dir.path()).expect("free again");
    }

    #[test]
    fn an_instance_is_found_while_it_runs_and_not_afterwards() {
        let dir = tempfile::tempdir().expect("a folder");
        let addresses = Addresses {
            http: "http://127.0.0.1:1".into(),
            kafka: "127.0.0.1:2".into(),
            clickhouse: "http://127.0.0.1:3".into(),
        };
        assert_eq!(find(dir.path()), None);
        let announcement = announce(dir.path(), &addresses).expect("announced");
        assert_eq!(find(dir.path()), Some(addresses.clone()));
        drop(announcement);
        assert_eq!(find(dir.path()), None);
        let gone = Running { pid: u32::MAX / 2, addresses };
        fs::write(path(dir.path()), serde_json::to_vec(&gone).expect("json")).expect("written");
        assert_eq!(find(dir.path()), None);
    }
}
