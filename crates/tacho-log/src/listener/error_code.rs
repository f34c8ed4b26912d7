//! Kafka's error codes, as far as they are used.

use crate::{
    batch::BatchError,
    error::{AppendError, CreateTopicError},
    groups::GroupError,
    storage::ReadError,
};

pub(super) const NONE: i16 = 0;
pub(super) const OFFSET_OUT_OF_RANGE: i16 = 1;
pub(super) const CORRUPT_MESSAGE: i16 = 2;
pub(super) const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
pub(super) const MESSAGE_TOO_LARGE: i16 = 10;
pub(super) const OFFSET_METADATA_TOO_LARGE: i16 = 12;
pub(super) const COORDINATOR_NOT_AVAILABLE: i16 = 15;
pub(super) const INVALID_TOPIC_EXCEPTION: i16 = 17;
pub(super) const INVALID_REQUIRED_ACKS: i16 = 21;
pub(super) const ILLEGAL_GENERATION: i16 = 22;
pub(super) const INCONSISTENT_GROUP_PROTOCOL: i16 = 23;
pub(super) const INVALID_GROUP_ID: i16 = 24;
pub(super) const UNKNOWN_MEMBER_ID: i16 = 25;
pub(super) const INVALID_SESSION_TIMEOUT: i16 = 26;
pub(super) const REBALANCE_IN_PROGRESS: i16 = 27;
pub(super) const INVALID_COMMIT_OFFSET_SIZE: i16 = 28;
pub(super) const UNSUPPORTED_VERSION: i16 = 35;
pub(super) const TOPIC_ALREADY_EXISTS: i16 = 36;
pub(super) const INVALID_PARTITIONS: i16 = 37;
pub(super) const INVALID_CONFIG: i16 = 40;
pub(super) const INVALID_REQUEST: i16 = 42;
pub(super) const UNSUPPORTED_FOR_MESSAGE_FORMAT: i16 = 43;
pub(super) const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
pub(super) const INVALID_PRODUCER_EPOCH: i16 = 47;
pub(super) const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: i16 = 53;
pub(super) const KAFKA_STORAGE_ERROR: i16 = 56;
pub(super) const NON_EMPTY_GROUP: i16 = 68;
pub(super) const GROUP_ID_NOT_FOUND: i16 = 69;
pub(super) const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
pub(super) const UNSUPPORTED_COMPRESSION_TYPE: i16 = 76;
pub(super) const MEMBER_ID_REQUIRED: i16 = 79;
pub(super) const GROUP_MAX_SIZE_REACHED: i16 = 81;
pub(super) const INVALID_RECORD: i16 = 87;
pub(super) const UNKNOWN_TOPIC_ID: i16 = 100;

pub(super) fn of_append(error: &AppendError) -> i16 {
    match error {
        AppendError::UnknownPartition { .. } => UNKNOWN_TOPIC_OR_PARTITION,
        AppendError::Invalid(BatchError::Magic(_)) => UNSUPPORTED_FOR_MESSAGE_FORMAT,
        AppendError::Invalid(BatchError::Codec(_)) => UNSUPPORTED_COMPRESSION_TYPE,
        AppendError::Invalid(BatchError::Count { .. }) => INVALID_RECORD,
        AppendError::Invalid(_) => CORRUPT_MESSAGE,
        AppendError::TooLarge { .. } => MESSAGE_TOO_LARGE,
        AppendError::OutOfOrderSequence => OUT_OF_ORDER_SEQUENCE_NUMBER,
        AppendError::StaleProducerEpoch => INVALID_PRODUCER_EPOCH,
        AppendError::Reserved => INVALID_RECORD,
        AppendError::Storage(_) | AppendError::Failed | AppendError::Closed => KAFKA_STORAGE_ERROR,
    }
}

pub(super) fn of_create(error: &CreateTopicError) -> i16 {
    match error {
        CreateTopicError::Exists(_) => TOPIC_ALREADY_EXISTS,
        CreateTopicError::InvalidName(_) => INVALID_TOPIC_EXCEPTION,
        CreateTopicError::InvalidPartitions { .. } => INVALID_PARTITIONS,
        CreateTopicError::InvalidConfig { .. } => INVALID_CONFIG,
        CreateTopicError::Open(_) | CreateTopicError::Io(_) | CreateTopicError::Closed => KAFKA_STORAGE_ERROR,
    }
}

pub(super) fn of_read(error: &ReadError) -> i16 {
    match error {
        ReadError::OutOfRange { .. } => OFFSET_OUT_OF_RANGE,
        ReadError::Corrupt { .. } | ReadError::Io(_) => KAFKA_STORAGE_ERROR,
    }
}

pub(super) fn of_group(error: &GroupError) -> i16 {
    match error {
        GroupError::InvalidGroup => INVALID_GROUP_ID,
        GroupError::InvalidSessionTimeout => INVALID_SESSION_TIMEOUT,
        GroupError::InvalidRequest => INVALID_REQUEST,
        GroupError::StaticMembership => UNSUPPORTED_VERSION,
        GroupError::Full => GROUP_MAX_SIZE_REACHED,
        GroupError::MemberIdRequired(_) => MEMBER_ID_REQUIRED,
        GroupError::UnknownMember => UNKNOWN_MEMBER_ID,
        GroupError::IllegalGeneration => ILLEGAL_GENERATION,
        GroupError::InconsistentProtocol => INCONSISTENT_GROUP_PROTOCOL,
        GroupError::RebalanceInProgress => REBALANCE_IN_PROGRESS,
        GroupError::NotEmpty => NON_EMPTY_GROUP,
        GroupError::NotFound => GROUP_ID_NOT_FOUND,
        GroupError::MetadataTooLarge => OFFSET_METADATA_TOO_LARGE,
        GroupError::TooManyOffsets => INVALID_COMMIT_OFFSET_SIZE,
        GroupError::Closing | GroupError::Storage => COORDINATOR_NOT_AVAILABLE,
    }
}
