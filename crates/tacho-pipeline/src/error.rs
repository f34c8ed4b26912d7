//! Why a pipeline does not start, or stopped.

use std::path::PathBuf;
use tacho_io::LogError;

/// Why a pipeline could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error("setting `{setting}` is out of range: {detail}")]
    Config {
        /// Which.
        setting: &'static str,
        /// What it must be.
        detail: &'static str,
    },
    /// A topic is missing.
    #[error("topic {topic} does not exist; create the topics of prefix {prefix} with `tacho topics create`")]
    MissingTopic {
        /// Full name.
        topic: String,
        /// The prefix of all topics.
        prefix: String,
    },
    /// The output topics hold a pipeline's outputs, but the data directory is new.
    #[error(
        "{topic} already holds outputs of a pipeline, but {} has no state of one: \
         point `data_dir` to that pipeline's folder, or start over with empty output topics",
        data_dir.display()
    )]
    ForeignOutputs {
        /// Where outputs were found.
        topic: String,
        /// The new folder.
        data_dir: PathBuf,
    },
    /// The log no longer keeps what was not read yet.
    #[error(
        "{topic}/{partition} begins at offset {start}, but the pipeline needs it from {needed} on: the log's retention \
         removed {} records before they were read. To go on without them set `pipeline.lost_records = \"skip\"`: they \
         are then logged and counted",
        start - needed
    )]
    RecordsLost {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// First offset that the log has.
        start: i64,
        /// First offset needed.
        needed: i64,
    },
    /// The log no longer keeps what a recovery has to read again.
    #[error(
        "{topic}/{partition} begins at offset {start}, but the recovery needs it from {needed} on: the log's retention \
         removed records that were processed after the last snapshot; restore them, or start over with a new data \
         directory and empty output topics"
    )]
    LogTooShort {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// First offset that the log has.
        start: i64,
        /// First offset needed.
        needed: i64,
    },
    /// The log lost records whose epochs are already published.
    #[error(
        "the log lost records that it had reported durable: epochs after {kept} cannot be replayed, but epoch \
         {published} is already published; restore the log, or start over with a new data directory"
    )]
    LogLostDurable {
        /// Last epoch whose records are all there.
        kept: u64,
        /// Newest epoch that left the pipeline.
        published: u64,
    },
    /// The output topics hold more than the data directory knows of.
    #[error(
        "the output topics hold the outputs of epoch {written}, but {} ends with epoch {last}: it is an older copy of \
         the pipeline's folder. Use the newest one, or start over with a new data directory and empty output topics",
        data_dir.display()
    )]
    OutputsAhead {
        /// Newest epoch in the topics.
        written: u64,
        /// Newest epoch in the journal.
        last: u64,
        /// The folder.
        data_dir: PathBuf,
    },
    /// The journal cannot be read or written.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    /// No snapshot round can be read.
    #[error("the snapshots failed")]
    Snapshot(#[from] SnapshotError),
    /// The log failed.
    #[error("the log failed")]
    Log(#[from] LogError),
    /// A file or thread could not be made.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// What is wrong with the journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file that must be whole is not.
    #[error("{} is damaged at byte {at}: {detail}", file.display())]
    Corrupt {
        /// File.
        file: PathBuf,
        /// Where.
        at: u64,
        /// What.
        detail: String,
    },
    /// A file is missing.
    #[error("{} is missing", file.display())]
    Missing {
        /// File.
        file: PathBuf,
    },
    /// The file was written by a newer or unknown version.
    #[error("{} has format version {found}, this program reads {supported}", file.display())]
    Version {
        /// File.
        file: PathBuf,
        /// Version found.
        found: u16,
        /// Version supported.
        supported: u16,
    },
    /// The disk failed.
    #[error("{what} {}", file.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// File.
        file: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// What is wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not one of the installed rounds can be read.
    #[error("none of the installed snapshot rounds can be read; the newest: {newest}")]
    NoneReadable {
        /// What is wrong with the newest.
        newest: String,
    },
    /// A file is torn or altered.
    #[error("{} is damaged: {detail}", file.display())]
    Corrupt {
        /// File.
        file: PathBuf,
        /// What.
        detail: String,
    },
    /// The round was written by another version of this program.
    #[error(
        "{} has {what} version {found}, this program reads {supported}: start the version that wrote it",
        file.display()
    )]
    Version {
        /// File.
        file: PathBuf,
        /// Version of what.
        what: &'static str,
        /// Version found.
        found: u16,
        /// Version supported.
        supported: u16,
    },
    /// The engine does not take a state.
    #[error("the state of {stage} group {group} is not readable: {detail}")]
    State {
        /// Stage.
        stage: &'static str,
        /// Key group.
        group: u16,
        /// What the engine says.
        detail: String,
    },
    /// The disk failed.
    #[error("{what} {}", file.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// File.
        file: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// Why a running pipeline stopped by itself. Its journal stays: after the cause is repaired a start goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The log failed for good.
    #[error("the log failed")]
    Log(#[from] LogError),
    /// The log removed records before they were read.
    #[error(
        "{topic}/{partition} has offsets {start}..{end}, and {wanted} is to be read next: records were removed before \
         they were read. To go on at {start} without them set `pipeline.lost_records = \"skip\"`: they are then logged \
         and counted"
    )]
    RecordsLost {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset to be read next.
        wanted: i64,
        /// First offset that the log has.
        start: i64,
        /// Offset behind its last.
        end: i64,
    },
    /// The journal failed.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    /// A snapshot failed.
    #[error("a snapshot failed")]
    Snapshot(#[from] SnapshotError),
    /// The store refuses rows.
    #[error("the store refused an insert into {table}: {detail}")]
    StoreRefused {
        /// Table.
        table: &'static str,
        /// The store's words.
        detail: String,
    },
    /// An insert that was interrupted is there in part, or more than once.
    #[error(
        "table {table} holds {found} rows of batch {batch} instead of {expected}: \
         delete the rows of that batch (or complete them), then start again"
    )]
    UnexpectedCount {
        /// Table.
        table: &'static str,
        /// Batch.
        batch: u64,
        /// Rows of the insert.
        expected: u64,
        /// Rows found.
        found: u64,
    },
    /// The store takes an insert again and again, and its rows do not appear.
    #[error("table {table} accepted batch {batch} {attempts} times, but its rows are not there")]
    RowsVanish {
        /// Table.
        table: &'static str,
        /// Batch.
        batch: u64,
        /// How often.
        attempts: u32,
    },
    /// A replay made other rows than the run before it.
    #[error(
        "epochs up to {to} give {found} rows of {table} instead of {expected}: the replay differs from the run before \
         it (was the configuration changed?); start with the former one until the inserts are complete"
    )]
    GroupChanged {
        /// Table.
        table: &'static str,
        /// Last epoch of the group.
        to: u64,
        /// Rows then.
        expected: u64,
        /// Rows now.
        found: u64,
    },
    /// The log does not return records that the journal refers to.
    #[error("{topic}/{partition} does not return offsets {from}..{to} for the replay")]
    ReplayGap {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// From.
        from: i64,
        /// To, exclusive.
        to: i64,
    },
    /// A thread panicked.
    #[error("thread {thread} panicked: {message}")]
    Panic {
        /// Thread.
        thread: String,
        /// The panic's text.
        message: String,
    },
}

impl PipelineError {
    /// The error and what caused it, as one line: that a disk is full stands at the end of the causes.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Why waiting for an idle pipeline ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// There was still work at the deadline.
    #[error("the pipeline was not idle in time: {0}")]
    Deadline(String),
    /// The pipeline stopped.
    #[error("the pipeline stopped: {0}")]
    Stopped(String),
    /// The log could not be asked.
    #[error("the log failed")]
    Log(#[from] LogError),
}

/// Why a thread of the pipeline ends before its work does.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It was told to.
    Halted,
    /// It cannot go on.
    Failed(PipelineError),
}

impl<E: Into<PipelineError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_the_cause() {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = PipelineError::from(JournalError::Io { what: "begin", file: "/data/journal-1".into(), source });
        assert_eq!(error.with_causes(), "the journal failed: begin /data/journal-1: no storage space");
    }
}
