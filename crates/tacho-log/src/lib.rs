//! The embedded log and its Kafka-protocol front end.
