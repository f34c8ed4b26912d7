//! The journal: manifests, intents and acknowledgements, appended before anything that depends on them.
//!
//! A file begins with a checkpoint of everything that stands; a new one is begun with every snapshot round, so that
//! a recovery from round N reads the files from N on. The last file may end in a torn entry, which is cut; damage
//! anywhere else is an error.

mod entry;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

pub(crate) use entry::{Entry, Intent, Ledger, Manifest, OpenInsert, PartitionPlan, PlanState, Range};

use crate::{
    error::{JournalError, Stop},
    life::{Life, lock},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tacho_io::{Disk, DiskFile, Open};

/// What the files add up to.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// As of the last entry.
    pub ledger: Ledger,
    /// Planning state at the beginning of the first file.
    pub base: PlanState,
    /// Manifests since then, ascending.
    pub manifests: Vec<Manifest>,
    /// The last file ended in damage that was cut.
    pub cut: bool,
}

impl Recovered {
    /// What the next plan builds on.
    pub(crate) fn plan(&self) -> PlanState {
        let mut plan = self.base.clone();
        self.manifests.iter().for_each(|manifest| plan.apply(manifest));
        plan
    }

    fn take(&mut self, entry: Entry) {
        if let Entry::Boot { kept, .. } = &entry {
            self.manifests.retain(|manifest| manifest.epoch <= *kept);
        }
        self.ledger.apply(&entry);
        if let Entry::Manifest(manifest) = entry {
            self.manifests.push(manifest);
        }
    }
}

/// The open journal. Any thread may append.
#[derive(Debug)]
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    life: Arc<Life>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    length: u64,
    synced: u64,
    ledger: Ledger,
    /// Last epoch whose manifest is written.
    written: u64,
}

/// Numbers of the journal files in a folder, ascending; none in a new folder.
pub(crate) fn rounds(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, JournalError> {
    file::list(disk, folder)
}

/// The id of the pipeline that a file belongs to.
pub(crate) fn pipeline_of(disk: &dyn Disk, folder: &Path, round: u64) -> Result<u128, JournalError> {
    let path = file::path_of(folder, round);
    let content = file::read(disk, &path)?;
    match content.entries.into_iter().next() {
        Some(Entry::Checkpoint(ledger)) => Ok(ledger.pipeline),
        _ => {
            let detail = "the file does not begin with a checkpoint".to_owned();
            Err(JournalError::Corrupt { file: path, at: content.good_bytes, detail })
        }
    }
}

/// Reads the files from that of `round` on, and cuts a torn tail off the last one.
pub(crate) fn recover(disk: &dyn Disk, folder: &Path, round: u64) -> Result<Recovered, JournalError> {
    let rounds: Vec<u64> = file::list(disk, folder)?.into_iter().filter(|&number| number >= round).collect();
    if rounds.first() != Some(&round) {
        return Err(JournalError::Missing { file: file::path_of(folder, round) });
    }
    let mut recovered: Option<Recovered> = None;
    for (index, &number) in rounds.iter().enumerate() {
        let path = file::path_of(folder, number);
        let content = file::read(disk, &path)?;
        let is_last = index + 1 == rounds.len();
        let is_cut = content.damage.is_some();
        if let Some(detail) = content.damage {
            let was_durable = content.durable_bytes > content.good_bytes;
            if !is_last || content.entries.is_empty() || was_durable {
                return Err(JournalError::Corrupt { file: path, at: content.good_bytes, detail });
            }
            tracing::warn!(file = %path.display(), at = content.good_bytes, detail, "the journal's torn tail is cut");
            cut_tail(disk, &path, content.good_bytes)?;
        }
        let damaged_at = content.good_bytes;
        for entry in content.entries {
            match (&mut recovered, entry) {
                (None, Entry::Checkpoint(ledger)) => {
                    let base = ledger.plan.clone();
                    recovered = Some(Recovered { ledger: *ledger, base, manifests: Vec::new(), cut: false });
                }
                (Some(recovered), entry) => recovered.take(entry),
                (None, _) => {
                    let detail = "the file does not begin with a checkpoint".to_owned();
                    return Err(JournalError::Corrupt { file: path, at: damaged_at, detail });
                }
            }
        }
        if let Some(recovered) = &mut recovered {
            recovered.cut |= is_cut;
        }
    }
    recovered.ok_or_else(|| JournalError::Missing { file: file::path_of(folder, round) })
}

fn cut_tail(disk: &dyn Disk, path: &Path, good_bytes: u64) -> Result<(), JournalError> {
    let failed = |source| JournalError::Io { what: "cut", file: path.to_owned(), source };
    let file = disk.open(path, Open::Write).map_err(failed)?;
    file.set_len(good_bytes).and_then(|()| file.sync()).map_err(failed)
}

impl Journal {
    /// Begins the first journal of a new folder.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        folder: &Path,
        ledger: Ledger,
        life: Arc<Life>,
    ) -> Result<Self, JournalError> {
        let (file, path, length) = begin_file(&*disk, folder, 0, &ledger)?;
        let written = ledger.plan.epoch;
        let inner = Inner { file, path, length, synced: length, ledger, written };
        Ok(Self { disk, folder: folder.to_owned(), life, inner: Mutex::new(inner) })
    }

    /// Goes on behind what was recovered.
    pub(crate) fn resume(
        disk: Arc<dyn Disk>,
        folder: &Path,
        ledger: Ledger,
        written: u64,
        life: Arc<Life>,
    ) -> Result<Self, JournalError> {
        let last = file::list(&*disk, folder)?.pop().unwrap_or(0);
        let path = file::path_of(folder, last);
        let failed = |source| JournalError::Io { what: "open", file: path.clone(), source };
        let file = disk.open(&path, Open::Write).map_err(failed)?;
        let length = file.len().map_err(failed)?;
        // The file may have got its name from a process that died before it made the name durable.
        file.sync().and_then(|()| disk.sync_dir(folder)).map_err(failed)?;
        let inner = Inner { file, path, length, synced: length, ledger, written };
        Ok(Self { disk, folder: folder.to_owned(), life, inner: Mutex::new(inner) })
    }

    /// Appends an entry; not yet durable.
    pub(crate) fn append(&self, entry: &Entry) -> Result<(), Stop> {
        self.life.step()?;
        let mut inner = lock(&self.inner);
        let frame = file::frame(entry, inner.synced);
        if let Err(source) = inner.file.write_all_at(&frame, inner.length) {
            // No half entry stays behind: what follows after the disk is repaired must be readable.
            let _ = inner.file.set_len(inner.length);
            return Err(JournalError::Io { what: "write", file: inner.path.clone(), source }.into());
        }
        inner.length += frame.len() as u64;
        inner.ledger.apply(entry);
        if let Entry::Manifest(manifest) = entry {
            inner.written = manifest.epoch;
        }
        Ok(())
    }

    /// Last epoch whose manifest is written, durable or not.
    pub(crate) fn written(&self) -> u64 {
        lock(&self.inner).written
    }

    /// Makes everything appended so far durable.
    pub(crate) fn sync(&self) -> Result<(), Stop> {
        self.life.step()?;
        let (file, path, length) = {
            let inner = lock(&self.inner);
            (inner.file.clone(), inner.path.clone(), inner.length)
        };
        // Without the lock, so that others append meanwhile.
        file.sync().map_err(|source| JournalError::Io { what: "sync", file: path.clone(), source })?;
        let mut inner = lock(&self.inner);
        if inner.path == path {
            inner.synced = inner.synced.max(length);
        }
        Ok(())
    }

    /// The next batch number. Its upper bits tell pipelines that share a store apart.
    pub(crate) fn next_batch(&self) -> u64 {
        let mut inner = lock(&self.inner);
        let batch = inner.ledger.next_batch;
        inner.ledger.next_batch += 1;
        batch
    }

    /// Reads the ledger.
    pub(crate) fn ledger<T>(&self, read: impl FnOnce(&Ledger) -> T) -> T {
        read(&lock(&self.inner).ledger)
    }

    /// Begins the file of `round`, with `plan` as its base. The old file is complete and durable then.
    pub(crate) fn rotate(&self, round: u64, plan: PlanState) -> Result<(), Stop> {
        self.life.step()?;
        let mut inner = lock(&self.inner);
        let failed = |source| JournalError::Io { what: "sync", file: inner.path.clone(), source };
        inner.file.sync().map_err(failed)?;
        inner.ledger.plan = plan;
        let (file, path, length) = begin_file(&*self.disk, &self.folder, round, &inner.ledger)?;
        inner.file = file;
        inner.path = path;
        inner.length = length;
        inner.synced = length;
        Ok(())
    }

    /// Deletes the files before that of `round`.
    pub(crate) fn delete_before(&self, round: u64) -> Result<(), JournalError> {
        for number in file::list(&*self.disk, &self.folder)?.into_iter().filter(|&number| number < round) {
            let path = file::path_of(&self.folder, number);
            self.disk.remove_file(&path).map_err(|source| JournalError::Io { what: "delete", file: path, source })?;
        }
        Ok(())
    }

    /// Current file, its length, and how much of it survives a power cut.
    #[cfg(test)]
    pub(crate) fn tail(&self) -> (PathBuf, u64, u64) {
        let inner = lock(&self.inner);
        (inner.path.clone(), inner.length, inner.synced)
    }
}

fn begin_file(
    disk: &dyn Disk,
    folder: &Path,
    round: u64,
    ledger: &Ledger,
) -> Result<(Arc<dyn DiskFile>, PathBuf, u64), JournalError> {
    let path = file::path_of(folder, round);
    let failed = |source| JournalError::Io { what: "begin", file: path.clone(), source };
    let mut bytes = file::header();
    bytes.extend_from_slice(&file::frame(&Entry::Checkpoint(Box::new(ledger.clone())), 0));
    // Under its name only when it is whole: a file without its checkpoint would be of no use.
    let unborn = path.with_extension("tmp");
    let file = disk.open(&unborn, Open::Create).map_err(failed)?;
    file.write_all_at(&bytes, 0).and_then(|()| file.sync()).map_err(failed)?;
    disk.rename(&unborn, &path).and_then(|()| disk.sync_dir(folder)).map_err(failed)?;
    Ok((file, path, bytes.len() as u64))
}
