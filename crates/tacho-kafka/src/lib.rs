//! Kafka clients over librdkafka.
