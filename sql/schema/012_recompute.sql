-- What came late marks a day of its vehicle; the day is computed again from the stored history. Facts that differ come
-- back with a higher version; facts that do not hold any more stay, `withdrawn`, and the `v_` views leave them out.

ALTER TABLE trips {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it';

ALTER TABLE alerts {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it';

ALTER TABLE vehicle_minutes {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it' CODEC(ZSTD(1));

ALTER TABLE trip_summaries {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it' CODEC(ZSTD(1));

-- Days to be computed again, as the engine says. One waits until `is_due`, and is done when `recompute_runs` has its
-- version.
CREATE TABLE IF NOT EXISTS recompute_marks {on_cluster}
(
    vehicle_id String,
    day DateTime64(3, 'UTC') COMMENT 'start of the UTC day',
    first_late DateTime64(3, 'UTC') COMMENT 'event time of the first late one',
    last_late DateTime64(3, 'UTC') COMMENT 'event time of the last late one',
    late_count UInt32,
    is_due Bool COMMENT 'the live state is done with it',
    until DateTime64(3, 'UTC') COMMENT 'the live state touches no facts before this any more',
    marked_at DateTime64(3, 'UTC') COMMENT 'fleet time of this word',
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (vehicle_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Days that were computed again, the last time of each.
CREATE TABLE IF NOT EXISTS recompute_runs {on_cluster}
(
    vehicle_id String,
    day DateTime64(3, 'UTC'),
    mark_version UInt64 COMMENT 'the mark that it answers; 0: a person asked',
    outcome LowCardinality(String) COMMENT 'done; incomplete: telemetry of the day is missing, nothing was changed',
    fix_count UInt64 COMMENT 'fixes read, margins included',
    changed_count UInt32 COMMENT 'facts that differed or were new',
    withdrawn_count UInt32 COMMENT 'facts that did not hold',
    done_at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = {engine_replacing}
ORDER BY (vehicle_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_trips {on_cluster} AS SELECT * EXCEPT (withdrawn) FROM trips FINAL WHERE NOT withdrawn;

CREATE OR REPLACE VIEW v_alerts {on_cluster} AS SELECT * EXCEPT (withdrawn) FROM alerts FINAL WHERE NOT withdrawn;

CREATE OR REPLACE VIEW v_vehicle_minutes {on_cluster} AS
SELECT * EXCEPT (withdrawn) FROM vehicle_minutes FINAL WHERE NOT withdrawn;

CREATE OR REPLACE VIEW v_trip_summaries {on_cluster} AS
SELECT * EXCEPT (withdrawn) FROM trip_summaries FINAL WHERE NOT withdrawn;

-- The queue: days that wait, are due, or are done.
CREATE OR REPLACE VIEW v_recompute {on_cluster} AS
SELECT vehicle_id, day, first_late, last_late, late_count, marked_at,
    multiIf(mark.version <= run.mark_version, 'done', is_due, 'due', 'waiting') AS status,
    run.outcome AS outcome, run.changed_count AS changed_count, run.withdrawn_count AS withdrawn_count,
    run.done_at AS done_at
FROM recompute_marks AS mark FINAL
LEFT JOIN (SELECT * FROM recompute_runs FINAL) AS run USING (vehicle_id, day);
