//! Produce and InitProducerId.

use super::{Broker, connection::ConnectionError, error_code};
use crate::{
    config::FsyncPolicy,
    error::AppendError,
    storage::{Appended, Partition},
};
use kafka_protocol::{
    messages::{
        InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId, ResponseKind,
        produce_request::PartitionProduceData,
        produce_response::{PartitionProduceResponse, TopicProduceResponse},
    },
    protocol::StrBytes,
};
use std::{io, sync::Arc};

/// A partition that was appended to, and up to where.
type Touched = (Arc<Partition>, i64);

pub(super) async fn answer(
    broker: &Arc<Broker>,
    request: ProduceRequest,
) -> Result<Option<ResponseKind>, ConnectionError> {
    let refusal = refusal(&request);
    let mut touched = Vec::new();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic in request.topic_data {
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for data in topic.partition_data {
            let response = match refusal {
                Some(code) => failed(data.index, code, None),
                None => append(broker, &topic.name.0, data, &mut touched).await,
            };
            partitions.push(response);
        }
        responses.push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    if let Err(error) = acknowledge(broker, touched).await {
        tracing::error!(%error, "produced records could not be made durable");
        let all = responses.iter_mut().flat_map(|topic| &mut topic.partition_responses);
        all.for_each(|partition| *partition = failed(partition.index, error_code::KAFKA_STORAGE_ERROR, None));
    }
    if request.acks == 0 {
        // Nobody waits for an answer; closing is how the client hears of a failure.
        let codes = responses.iter().flat_map(|topic| &topic.partition_responses).map(|partition| partition.error_code);
        return match codes.into_iter().find(|code| *code != error_code::NONE) {
            Some(code) => Err(ConnectionError::UnacknowledgedProduce { code }),
            None => Ok(None),
        };
    }
    Ok(Some(ResponseKind::Produce(ProduceResponse::default().with_responses(responses))))
}

/// Why all of a request is refused, if it is.
fn refusal(request: &ProduceRequest) -> Option<i16> {
    if !(-1..=1).contains(&request.acks) {
        return Some(error_code::INVALID_REQUIRED_ACKS);
    }
    request.transactional_id.is_some().then_some(error_code::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
}

async fn append(
    broker: &Arc<Broker>,
    topic: &StrBytes,
    data: PartitionProduceData,
    touched: &mut Vec<Touched>,
) -> PartitionProduceResponse {
    let index = data.index;
    match append_batch(broker, topic, data).await {
        Ok((partition, appended)) => {
            let response = PartitionProduceResponse::default()
                .with_index(index)
                .with_base_offset(appended.base_offset)
                .with_log_append_time_ms(appended.log_time_ms)
                .with_log_start_offset(partition.offsets().start);
            touched.push((partition, appended.next_offset));
            response
        }
        Err(error) => {
            let code = error_code::of_append(&error);
            if code == error_code::KAFKA_STORAGE_ERROR {
                tracing::error!(%topic, partition = index, error = %with_cause(&error), "cannot append");
            }
            failed(index, code, Some(error.to_string()))
        }
    }
}

async fn append_batch(
    broker: &Arc<Broker>,
    topic: &StrBytes,
    data: PartitionProduceData,
) -> Result<(Arc<Partition>, Appended), AppendError> {
    let partition = broker.shared.partition_to_append(topic, data.index)?;
    let batch = data.records.unwrap_or_default();
    // A small write into the page cache is cheaper than a change of threads; an fsync is not.
    if !partition.append_may_block() {
        let appended = broker.shared.append_from_client(&partition, &batch)?;
        return Ok((partition, appended));
    }
    let (shared, to_append) = (Arc::clone(&broker.shared), Arc::clone(&partition));
    let appending = tokio::task::spawn_blocking(move || shared.append_from_client(&to_append, &batch));
    let appended = appending.await.map_err(io::Error::other)??;
    Ok((partition, appended))
}

/// Waits for the fsync when the policy asks for it before the acknowledgement.
async fn acknowledge(broker: &Arc<Broker>, touched: Vec<Touched>) -> io::Result<()> {
    if touched.is_empty() || broker.shared.config.fsync != FsyncPolicy::Always {
        return Ok(());
    }
    let shared = Arc::clone(&broker.shared);
    let sync_all = move || touched.iter().try_for_each(|(partition, end)| shared.acknowledge(partition, *end));
    tokio::task::spawn_blocking(sync_all).await.map_err(io::Error::other)?
}

fn failed(index: i32, code: i16, message: Option<String>) -> PartitionProduceResponse {
    PartitionProduceResponse::default()
        .with_index(index)
        .with_base_offset(-1)
        .with_error_code(code)
        .with_error_message(message.map(StrBytes::from_string))
}

fn with_cause(error: &AppendError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

pub(super) async fn init_producer_id(broker: &Arc<Broker>, request: InitProducerIdRequest) -> InitProducerIdResponse {
    let refused = |code| {
        InitProducerIdResponse::default().with_error_code(code).with_producer_id(ProducerId(-1)).with_producer_epoch(-1)
    };
    if request.transactional_id.is_some() {
        return refused(error_code::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    let shared = Arc::clone(&broker.shared);
    let taken = tokio::task::spawn_blocking(move || shared.producer_ids.next()).await;
    match taken.map_err(io::Error::other).and_then(|id| id) {
        Ok(id) => InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(0),
        Err(error) => {
            tracing::error!(%error, "cannot give out a producer id");
            refused(error_code::KAFKA_STORAGE_ERROR)
        }
    }
}
