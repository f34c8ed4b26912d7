-- When a row was stored: its arrival, from which the retention of facts counts (`retention.rs` sets it at every start), so that
-- imported history stays as long as what happened today. A version that is written later counts from then, so that the newest
-- word of a fact, a withdrawal above all, goes last. Of rows that were there before, the arrival is this migration.
--
-- Tables of months lose whole parts (a month goes when its last row does); the others are rewritten without what has expired,
-- once a day at most.
ALTER TABLE trips {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE alerts {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE vehicle_minutes {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE trip_summaries {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE driver_scores {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE fleet_utilization {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE geofence_events {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE break_violations {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE refuels {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE stop_visits {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE eta_predictions {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1)),
    MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE recompute_marks {on_cluster} ADD COLUMN IF NOT EXISTS stored_at DateTime('UTC') MATERIALIZED now() CODEC(DoubleDelta, ZSTD(1));

ALTER TABLE trips {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE alerts {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE vehicle_minutes {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE trip_summaries {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE driver_scores {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE fleet_utilization {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE geofence_events {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE break_violations {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE refuels {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE stop_visits {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE eta_predictions {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE recompute_marks {on_cluster} MATERIALIZE COLUMN stored_at;

ALTER TABLE heat_cells {on_cluster} MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE vehicle_intervals {on_cluster} MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE vehicle_day_sums {on_cluster} MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE evidence {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE commands {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE trip_events {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE vehicle_status {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE driver_events {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE device_alerts {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;

ALTER TABLE dead_letters {on_cluster} MODIFY SETTING merge_with_ttl_timeout = 86400;
