//! Bytes to model and back: the JSON of the topics, the snapshot envelope.
