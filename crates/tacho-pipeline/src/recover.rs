//! What a start finds: the state to restore, the epochs to run again, and what must not be started at all.

use crate::{
    config::{LostRecords, PipelineConfig},
    error::StartError,
    journal::{self, Entry, Journal, Ledger, Manifest, PlanState, Recovered},
    life::Life,
    snapshot::{self, Round},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tacho_io::{EpochId, Log, LogError, OffsetRange, TopicPartition, exec};
use tacho_model::{OutputTopic, Stream, topic_name};

/// How long the next records of the output topics may take to come.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of them read at a time.
const PROBE_BYTES: usize = 1 << 20;

/// A partition of an input topic, and what the log holds of it.
#[derive(Debug, Clone)]
pub(crate) struct InputPartition {
    pub stream: Stream,
    pub source: TopicPartition,
    pub range: OffsetRange,
}

/// Where a pipeline begins.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub journal: Journal,
    pub round: Option<Round>,
    /// To be run again: those after the round's oldest item.
    pub manifests: Vec<Manifest>,
    pub plan: PlanState,
    pub generation: u32,
    /// Last epoch that is journalled.
    pub last_epoch: u64,
    /// Number of the next snapshot round.
    pub next_round: u64,
}

pub(crate) fn journal_folder(config: &PipelineConfig) -> PathBuf {
    config.data_dir.join("journal")
}
pub(crate) fn snapshot_folder(config: &PipelineConfig) -> PathBuf {
    config.data_dir.join("snapshots")
}

/// All partitions of all input topics, in (stream, partition) order.
pub(crate) fn input_partitions(log: &dyn Log, prefix: &str) -> Result<Vec<InputPartition>, StartError> {
    let mut partitions = Vec::new();
    for stream in Stream::ALL {
        let topic = topic_name(prefix, stream.topic_suffix());
        for partition in 0..count_partitions(log, &topic, prefix)? {
            let source = TopicPartition::new(&topic, partition);
            let range = log.offsets(&source)?;
            partitions.push(InputPartition { stream, source, range });
        }
    }
    Ok(partitions)
}

/// Makes sure that there are topics to write to.
pub(crate) fn check_output_topics(log: &dyn Log, prefix: &str) -> Result<(), StartError> {
    for topic in OutputTopic::ALL {
        count_partitions(log, &topic_name(prefix, topic.topic_suffix()), prefix)?;
    }
    Ok(())
}

fn count_partitions(log: &dyn Log, topic: &str, prefix: &str) -> Result<i32, StartError> {
    log.partitions(topic).map_err(|error| match error {
        LogError::UnknownPartition { topic, .. } => StartError::MissingTopic { topic, prefix: prefix.to_owned() },
        error => StartError::Log(error),
    })
}

/// Opens the data directory, new or old.
pub(crate) fn begin(
    config: &PipelineConfig,
    log: &dyn Log,
    inputs: &[InputPartition],
    life: &Arc<Life>,
) -> Result<Beginning, StartError> {
    let folder = journal_folder(config);
    for folder in [&folder, &snapshot_folder(config)] {
        tacho_io::create_dir_durably(&*config.disk, folder)
            .map_err(|source| StartError::Io { what: format!("cannot create {}", folder.display()), source })?;
    }
    if journal::rounds(&*config.disk, &folder)?.is_empty() {
        refuse_foreign_outputs(config, log)?;
        return begin_new(config, inputs, life);
    }
    resume(config, log.last_output_epoch(), inputs, life)
}

/// The id of the pipeline whose folder this is; none for a new folder.
pub(crate) fn id_of(config: &PipelineConfig) -> Result<Option<u128>, StartError> {
    let (folder, disk) = (journal_folder(config), &*config.disk);
    disk.create_dir_all(&folder)
        .map_err(|source| StartError::Io { what: format!("cannot create {}", folder.display()), source })?;
    match journal::rounds(disk, &folder)?.last() {
        Some(&newest) => Ok(Some(journal::pipeline_of(disk, &folder, newest)?)),
        None => Ok(None),
    }
}

fn begin_new(config: &PipelineConfig, inputs: &[InputPartition], life: &Arc<Life>) -> Result<Beginning, StartError> {
    let pipeline = config.new_id.unwrap_or_else(|| uuid::Uuid::new_v4().as_u128());
    let mut plan = PlanState::default();
    for input in inputs {
        plan.partition_mut(input.stream.rank(), input.source.partition, input.range.start);
    }
    // 24 bits of the pipeline's id, then a count: rows of other pipelines in the same store are never taken for ours.
    let next_batch = ((pipeline >> 104) as u64) << 40 | 1;
    let ledger =
        Ledger { pipeline, generation: 1, boot: 1, next_batch, stored: [0; 2], open: Vec::new(), plan: plan.clone() };
    let journal = Journal::create(config.disk.clone(), &journal_folder(config), ledger, life.clone())?;
    Ok(Beginning { journal, round: None, manifests: Vec::new(), plan, generation: 1, last_epoch: 0, next_round: 1 })
}

fn resume(
    config: &PipelineConfig,
    written: Option<EpochId>,
    inputs: &[InputPartition],
    life: &Arc<Life>,
) -> Result<Beginning, StartError> {
    let folder = journal_folder(config);
    let numbers = journal::rounds(&*config.disk, &folder)?;
    let round = match snapshot::load_newest(&*config.disk, &snapshot_folder(config)) {
        // Before the second round is installed, the journal still goes back to the very beginning.
        Err(crate::error::SnapshotError::NoneReadable { .. }) if numbers.first() == Some(&0) => None,
        round => round?,
    };
    let mut recovered = journal::recover(&*config.disk, &folder, round.as_ref().map_or(0, |round| round.number))?;
    let covered = round.as_ref().map_or(0, Round::last_epoch);
    // A round is installed only when the store has everything up to it, even if the note of that was lost.
    recovered.ledger.open.retain(|open| open.intent.to > covered);
    refuse_old_copy(config, written, &recovered, covered)?;
    let kept = cut_beyond_log(&mut recovered, inputs, covered.max(written.map_or(0, |written| written.epoch)))?;
    let Recovered { ledger, cut, .. } = &mut recovered;
    ledger.boot += 1;
    ledger.generation += u32::from(kept.is_some() || *cut);
    let (boot, generation) = (ledger.boot, ledger.generation);

    let mut plan = recovered.plan();
    for input in inputs {
        plan.partition_mut(input.stream.rank(), input.source.partition, input.range.start);
    }
    let first = round.as_ref().map_or(0, Round::first_epoch);
    recovered.manifests.retain(|manifest| manifest.epoch > first);
    check_log_start(config.lost_records, &recovered.manifests, &plan, inputs)?;

    let last_epoch = plan.epoch.max(covered);
    plan.epoch = last_epoch;
    let journal = Journal::resume(config.disk.clone(), &folder, recovered.ledger, last_epoch, life.clone())?;
    let entry = Entry::Boot { boot, generation, kept: kept.unwrap_or(u64::MAX) };
    // A start is not interrupted by itself, so only the journal's own error can come back.
    journal.append(&entry).and_then(|()| journal.sync()).map_err(start_error)?;
    let next_round = numbers.last().copied().unwrap_or(0) + 1;
    let replayed = recovered.manifests.len();
    tracing::info!(
        boot,
        generation,
        round = round.as_ref().map(|round| round.number),
        replayed,
        last_epoch,
        "recovered"
    );
    Ok(Beginning { journal, round, manifests: recovered.manifests, plan, generation, last_epoch, next_round })
}

fn start_error(stop: crate::error::Stop) -> StartError {
    match stop {
        crate::error::Stop::Failed(crate::error::PipelineError::Journal(error)) => StartError::Journal(error),
        crate::error::Stop::Failed(error) => {
            StartError::Io { what: "cannot begin".to_owned(), source: std::io::Error::other(error.to_string()) }
        }
        crate::error::Stop::Halted => {
            let source = std::io::Error::from(std::io::ErrorKind::Interrupted);
            StartError::Io { what: "the start was interrupted".to_owned(), source }
        }
    }
}

/// Outputs leave only when their manifest is durable, so the topics are never ahead of the journal that wrote them.
fn refuse_old_copy(
    config: &PipelineConfig,
    written: Option<EpochId>,
    recovered: &Recovered,
    covered: u64,
) -> Result<(), StartError> {
    let last = recovered.manifests.last().map_or(recovered.base.epoch, |manifest| manifest.epoch).max(covered);
    match written {
        Some(written) if written > (EpochId { generation: recovered.ledger.generation, epoch: last }) => {
            Err(StartError::OutputsAhead { written: written.epoch, last, data_dir: config.data_dir.clone() })
        }
        _ => Ok(()),
    }
}

/// Cuts the manifests from the first one that points beyond the end of the log (a power cut took unsynced records).
/// Gives the last epoch that stays if any had to go.
fn cut_beyond_log(
    recovered: &mut Recovered,
    inputs: &[InputPartition],
    announced_elsewhere: u64,
) -> Result<Option<u64>, StartError> {
    let end_of = |stream: u8, partition: i32| {
        let same = |input: &&InputPartition| (input.stream.rank(), input.source.partition) == (stream, partition);
        inputs.iter().find(same).map_or(i64::MIN, |input| input.range.end)
    };
    let is_beyond =
        |manifest: &Manifest| manifest.ranges.iter().any(|range| range.to > end_of(range.stream, range.partition));
    let ledger = &recovered.ledger;
    let announced = ledger.open.iter().map(|open| open.intent.to).max().unwrap_or(0);
    let published = ledger.stored.into_iter().fold(announced.max(announced_elsewhere), u64::max);
    let base_is_beyond =
        recovered.base.partitions.iter().any(|plan| plan.position > end_of(plan.stream, plan.partition));
    if base_is_beyond {
        return Err(StartError::LogLostDurable { kept: 0, published });
    }
    let Some(at) = recovered.manifests.iter().position(is_beyond) else { return Ok(None) };
    let kept = if at == 0 { recovered.base.epoch } else { recovered.manifests[at - 1].epoch };
    if published > kept {
        return Err(StartError::LogLostDurable { kept, published });
    }
    tracing::warn!(kept, cut = recovered.manifests.len() - at, "the log ends before the journal; later epochs are cut");
    recovered.manifests.truncate(at);
    Ok(Some(kept))
}

/// Everything that is to be read must still be there; what was not read yet may be given up.
fn check_log_start(
    lost_records: LostRecords,
    manifests: &[Manifest],
    plan: &PlanState,
    inputs: &[InputPartition],
) -> Result<(), StartError> {
    for input in inputs {
        let key = (input.stream.rank(), input.source.partition);
        let (topic, partition, start) = (input.source.topic.to_string(), input.source.partition, input.range.start);
        let mut ranges = manifests.iter().flat_map(|manifest| &manifest.ranges);
        let first = ranges.find(|range| (range.stream, range.partition) == key && range.from < range.to);
        if let Some(needed) = first.map(|range| range.from).filter(|&needed| needed < start) {
            return Err(StartError::LogTooShort { topic, partition, start, needed });
        }
        let planned = plan.partitions.iter().find(|plan| (plan.stream, plan.partition) == key);
        let needed = planned.map_or(start, |plan| plan.position);
        if needed < start && lost_records == LostRecords::Stop {
            return Err(StartError::RecordsLost { topic, partition, start, needed });
        }
    }
    Ok(())
}

/// A new data directory beside outputs of an older pipeline would write everything twice.
fn refuse_foreign_outputs(config: &PipelineConfig, log: &dyn Log) -> Result<(), StartError> {
    for topic in OutputTopic::ALL {
        let topic = topic_name(&config.topic_prefix, topic.topic_suffix());
        for partition in 0..count_partitions(log, &topic, &config.topic_prefix)? {
            let source = TopicPartition::new(&topic, partition);
            if holds_own_records(log, &source)? {
                return Err(StartError::ForeignOutputs { topic, data_dir: config.data_dir.clone() });
            }
        }
    }
    Ok(())
}

/// Reads a partition until an own record comes or there are no more. Device alerts stand between own ones in the topic
/// of alerts, so that the first run says little.
pub(crate) fn holds_own_records(log: &dyn Log, source: &TopicPartition) -> Result<bool, StartError> {
    let range = log.offsets(source)?;
    if range.start == range.end {
        return Ok(false);
    }
    let mut reader = log.reader(&[(source.clone(), range.start)])?;
    let mut until = exec::now() + PROBE_PATIENCE;
    loop {
        for records in reader.poll(Duration::from_millis(100), PROBE_BYTES)? {
            if records.own_count > 0 {
                return Ok(true);
            }
            if records.next_offset >= range.end {
                return Ok(false);
            }
            until = exec::now() + PROBE_PATIENCE;
        }
        // Control records at the end are never delivered.
        if exec::now() > until {
            return Ok(false);
        }
    }
}
