//! Snapshot rounds on disk.
//!
//! A round is one file of sealed items (one per stage and key group, each with the epoch it stands at) and a sealed
//! summary at its end. It is written to `round-N.tmp` and installed by renaming that folder to `round-N`, once every
//! sink has acknowledged all epochs up to the round's last. The round before it is kept.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

use crate::{
    error::{SnapshotError, Stop},
    journal::Journal,
    life::Life,
    progress::Progress,
    queue::Receiver,
    shard::Stage,
};
use bytes::Bytes;
use crossbeam_channel::RecvTimeoutError;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_engine::STATE_VERSION;
use tacho_io::{Disk, DiskFile, Open, PipelineStats, exec};
use tacho_model::KEY_GROUPS;
use tacho_wire::envelope;

const ITEM: [u8; 4] = *b"ITEM";
const SUMMARY: [u8; 4] = *b"ROND";
/// Format of the pieces, and which there are. 3: the control stage has one.
const VERSION: u16 = 3;
/// Version of the engine's state, stage, key group, epoch.
const ITEM_HEAD_BYTES: usize = 13;

/// Items of a round: what holds for the fleet, two keyed stages, and the fleet's count.
pub(crate) const ROUND_ITEMS: usize = 2 * KEY_GROUPS as usize + 2;

/// The state of one (stage, key group) at the end of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub stage: Stage,
    pub group: u16,
    pub epoch: u64,
    /// Of a round that is read back: a piece of its file's memory.
    pub state: Bytes,
}

/// Which item comes at that place of a round: control first, then vehicles, drivers, and the fleet. An input that a
/// later stage lacks is then always made again, because the stage that makes it stands at an older epoch.
pub(crate) fn item_at(index: usize) -> (Stage, u16) {
    let groups = usize::from(KEY_GROUPS);
    let Some(index) = index.checked_sub(1) else { return (Stage::Control, 0) };
    match index / groups {
        0 => (Stage::Vehicle, index as u16),
        1 => (Stage::Driver, (index - groups) as u16),
        _ => (Stage::Fleet, 0),
    }
}

/// A round that is read back.
#[derive(Debug)]
pub(crate) struct Round {
    pub number: u64,
    pub items: Vec<Item>,
}

impl Round {
    /// The epoch up to which everything was acknowledged when the round was installed.
    pub(crate) fn last_epoch(&self) -> u64 {
        self.items.iter().map(|item| item.epoch).max().unwrap_or(0)
    }
    /// Gives the states away, each with its stage and group; epochs stay.
    pub(crate) fn take_states(&mut self) -> Vec<(Stage, u16, Bytes)> {
        self.items.iter_mut().map(|item| (item.stage, item.group, std::mem::take(&mut item.state))).collect()
    }
    /// The epoch of the oldest item: replay begins behind it.
    pub(crate) fn first_epoch(&self) -> u64 {
        self.items.iter().map(|item| item.epoch).min().unwrap_or(0)
    }
}

/// Reads the newest installed round that is whole. Damaged ones are set aside. None when there never was a round.
pub(crate) fn load_newest(disk: &dyn Disk, folder: &Path) -> Result<Option<Round>, SnapshotError> {
    // A process may have died between the name of a round and its durability; what is read is durable from here on.
    disk.sync_dir(folder).map_err(|source| SnapshotError::Io { what: "sync", file: folder.to_owned(), source })?;
    let mut newest_problem = None;
    for number in installed(disk, folder)?.into_iter().rev() {
        match load(disk, folder, number) {
            Ok(round) => return Ok(Some(round)),
            // Nothing is damaged: the version that wrote it must find it as it was.
            Err(error @ SnapshotError::Version { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(%error, round = number, "a snapshot round is not readable, trying the one before");
                newest_problem.get_or_insert(error.to_string());
                let from = round_path(folder, number, "");
                let to = round_path(folder, number, ".damaged");
                disk.rename(&from, &to).map_err(|source| SnapshotError::Io {
                    what: "set aside",
                    file: from,
                    source,
                })?;
            }
        }
    }
    newest_problem.map_or(Ok(None), |newest| Err(SnapshotError::NoneReadable { newest }))
}

fn load(disk: &dyn Disk, folder: &Path, number: u64) -> Result<Round, SnapshotError> {
    let file = round_path(folder, number, "").join("items");
    let bytes = disk.read(&file).map_err(|source| SnapshotError::Io { what: "read", file: file.clone(), source })?;
    let corrupt = |detail: String| SnapshotError::Corrupt { file: file.clone(), detail };
    let bytes = Bytes::from(bytes);
    let (mut items, mut rest) = (Vec::new(), &bytes[..]);
    while !rest.is_empty() {
        let length = envelope::sealed_len(rest).map_err(|error| corrupt(error.to_string()))?;
        let sealed = rest.get(..length).ok_or_else(|| corrupt("an item is torn".to_owned()))?;
        let (kind, version, payload) = envelope::open(sealed).map_err(|error| corrupt(error.to_string()))?;
        if version != VERSION {
            return Err(SnapshotError::Version { file, what: "format", found: version, supported: VERSION });
        }
        rest = &rest[length..];
        if kind == ITEM {
            let (state_version, item) =
                parse_item(&bytes.slice_ref(payload)).ok_or_else(|| corrupt("an item's head is wrong".to_owned()))?;
            if state_version != STATE_VERSION {
                let (found, supported) = (state_version, STATE_VERSION);
                return Err(SnapshotError::Version { file, what: "state", found, supported });
            }
            items.push(item);
        } else if kind == SUMMARY && rest.is_empty() && payload == summary(number, items.len()) {
            let is_complete = items.len() == ROUND_ITEMS
                && items.iter().enumerate().all(|(index, item)| item_at(index) == (item.stage, item.group));
            return if is_complete {
                Ok(Round { number, items })
            } else {
                Err(corrupt("items are missing".to_owned()))
            };
        } else {
            return Err(corrupt("a piece is not where it should be".to_owned()));
        }
    }
    Err(corrupt("the end is missing".to_owned()))
}

fn summary(number: u64, items: usize) -> Vec<u8> {
    [number.to_le_bytes(), (items as u64).to_le_bytes()].concat()
}

fn seal_item(item: &Item) -> Vec<u8> {
    let mut payload = Vec::with_capacity(ITEM_HEAD_BYTES + item.state.len());
    payload.extend_from_slice(&STATE_VERSION.to_le_bytes());
    payload.push(item.stage as u8);
    payload.extend_from_slice(&item.group.to_le_bytes());
    payload.extend_from_slice(&item.epoch.to_le_bytes());
    payload.extend_from_slice(&item.state);
    envelope::seal(ITEM, VERSION, &payload)
}

/// The version of the state, and the item.
fn parse_item(payload: &Bytes) -> Option<(u16, Item)> {
    let (head, state) = payload.split_at_checked(ITEM_HEAD_BYTES)?;
    let (version, head) = head.split_first_chunk()?;
    let stage = match head[0] {
        0 => Stage::Vehicle,
        1 => Stage::Driver,
        2 => Stage::Fleet,
        3 => Stage::Control,
        _ => return None,
    };
    let group = u16::from_le_bytes(*head[1..].first_chunk()?);
    let epoch = u64::from_le_bytes(*head[3..].first_chunk()?);
    Some((u16::from_le_bytes(*version), Item { stage, group, epoch, state: payload.slice_ref(state) }))
}

fn round_path(folder: &Path, number: u64, suffix: &str) -> PathBuf {
    folder.join(format!("round-{number:08}{suffix}"))
}

/// Numbers of the installed rounds, ascending.
pub(crate) fn installed(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, SnapshotError> {
    let failed = |source| SnapshotError::Io { what: "list", file: folder.to_owned(), source };
    let mut rounds = Vec::new();
    for name in disk.list(folder).map_err(failed)? {
        let number = name.strip_prefix("round-");
        rounds.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    rounds.sort_unstable();
    Ok(rounds)
}

/// What the writer is told.
pub(crate) enum SnapshotTask {
    /// A round begins; an unfinished one before it is given up.
    Begin(u64),
    Item(Item),
    /// All items are given; the last of them stands at this epoch.
    Finish(u64),
}

/// Writes and installs rounds, off the coordinator's path.
pub(crate) struct SnapshotWriter {
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub stats: Arc<PipelineStats>,
    pub journal: Arc<Journal>,
    pub disk: Arc<dyn Disk>,
    pub folder: PathBuf,
    pub tasks: Receiver<SnapshotTask>,
}

struct OpenRound {
    number: u64,
    items: usize,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    /// When it was begun.
    began: Instant,
    /// Bytes of the file that are written.
    written: u64,
    /// What comes behind them.
    buffer: Vec<u8>,
}

/// The buffer is written when it has this size.
const WRITE_BYTES: usize = 1 << 20;

impl OpenRound {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl SnapshotWriter {
    /// Ends when the coordinator has no more rounds and the last one is installed.
    pub(crate) fn run(self) -> Result<(), Stop> {
        let mut open: Option<OpenRound> = None;
        loop {
            self.life.check()?;
            match self.tasks.recv_timeout(Duration::from_millis(100)) {
                Ok(SnapshotTask::Begin(number)) => open = Some(self.begin(number)?),
                Ok(SnapshotTask::Item(item)) => {
                    let open = open.as_mut().expect("items come after the beginning of their round");
                    let written = open.push(&seal_item(&item));
                    written.map_err(|source| io_error("write", &open.path, source))?;
                    open.items += 1;
                }
                Ok(SnapshotTask::Finish(last_epoch)) => {
                    let round = open.take().expect("a round ends after its beginning");
                    self.finish(round, last_epoch)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn begin(&self, number: u64) -> Result<OpenRound, Stop> {
        self.life.step()?;
        let path = round_path(&self.folder, number, ".tmp");
        // Left over from a round that a crash interrupted.
        let _ = self.disk.remove_dir_all(&path);
        let failed = |source| io_error("create", &path, source);
        self.disk.create_dir_all(&path).map_err(failed)?;
        let file = self.disk.open(&path.join("items"), Open::Create).map_err(failed)?;
        Ok(OpenRound { number, items: 0, path, file, began: exec::now(), written: 0, buffer: Vec::new() })
    }

    fn finish(&self, mut round: OpenRound, last_epoch: u64) -> Result<(), Stop> {
        let end = envelope::seal(SUMMARY, VERSION, &summary(round.number, round.items));
        let written = round.push(&end).and_then(|()| round.flush());
        let failed = |source| io_error("write", &round.path, source);
        written.map_err(failed)?;
        self.life.step()?;
        round.file.sync().and_then(|()| self.disk.sync_dir(&round.path)).map_err(failed)?;
        while !self.progress.wait(&self.life, Duration::from_secs(1), |m| m.acknowledged() >= last_epoch)? {}
        self.install(round.number, &round.path)?;
        self.progress.update(|marks| marks.snapshot = last_epoch);
        self.stats.epoch_snapshot.set(last_epoch);
        self.stats.snapshot_bytes.set(round.written);
        self.stats.snapshot_duration_ns.set(exec::elapsed(round.began).as_nanos() as u64);
        Ok(())
    }

    fn install(&self, number: u64, path: &Path) -> Result<(), Stop> {
        // The acknowledgements that the round relies on are durable before it counts.
        self.journal.sync()?;
        self.life.step()?;
        let previous = installed(&*self.disk, &self.folder)?.pop();
        let to = round_path(&self.folder, number, "");
        self.disk
            .rename(path, &to)
            .and_then(|()| self.disk.sync_dir(&self.folder))
            .map_err(|e| io_error("install", &to, e))?;
        self.life.step()?;
        self.tidy(number, previous)?;
        // The round before this one needs the journal from its own beginning; without one, recovery starts empty.
        self.journal.delete_before(previous.unwrap_or(0))?;
        Ok(())
    }

    /// Deletes what no recovery needs any more.
    fn tidy(&self, number: u64, previous: Option<u64>) -> Result<(), SnapshotError> {
        let failed = |source| SnapshotError::Io { what: "tidy", file: self.folder.clone(), source };
        let kept = [Some(number), previous].map(|kept| kept.map(|kept| round_path(&self.folder, kept, "")));
        for path in self.disk.list(&self.folder).map_err(failed)?.iter().map(|name| self.folder.join(name)) {
            if !kept.contains(&Some(path.clone())) {
                self.disk.remove_dir_all(&path).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn io_error(what: &'static str, file: &Path, source: std::io::Error) -> SnapshotError {
    SnapshotError::Io { what, file: file.to_owned(), source }
}
