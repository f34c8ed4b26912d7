-- Dead letters that were sent to their topics again. A row is announced before its record is sent, and done after.
CREATE TABLE IF NOT EXISTS dead_letter_replays {on_cluster}
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64 COMMENT 'of the letter, not of the record that was sent',
    done Bool COMMENT 'false: announced; whether the record was sent is not known',
    at DateTime64(3, 'UTC') COMMENT 'when',
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
