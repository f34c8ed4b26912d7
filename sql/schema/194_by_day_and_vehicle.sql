-- Alerts and geofence events lie by day and vehicle, no longer by their ids, which are random: what is asked for a vehicle
-- or a span of time then lies together, and the ranges of these columns leave all else unread.
--
-- A row replaces another only if their keys are equal. What the engine tells of a vehicle has the vehicle and the start in
-- its id, so that both stay as they are. Alerts of hours of service are the driver's: their vehicle may change; a device may
-- tell an alert again with another time. Their keys do without these columns; devices' alerts lie by their ids, in a partition of their own.
--
-- With FINAL, ClickHouse reads what a range of a column leaves and all whose keys overlap with that. A granule in which last
-- month meets today would overlap with all between: partitions keep it short.
--
-- REORDER is a word of ours (see `reorder.rs`).
ALTER TABLE geofence_events {on_cluster}
    ADD INDEX IF NOT EXISTS vehicle_range vehicle_id TYPE minmax GRANULARITY 1;

ALTER TABLE alerts {on_cluster}
    ADD INDEX IF NOT EXISTS vehicle_range vehicle_id TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS source_words source TYPE set(2) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS raised_range raised_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS trip_ids trip_id TYPE bloom_filter(0.01) GRANULARITY 1;

REORDER TABLE geofence_events FROM event_id TO PARTITION BY toYYYYMM(ts) ORDER BY (toDate(ts), vehicle_id, event_id);

REORDER TABLE alerts FROM alert_id TO PARTITION BY if(source = 'device', 0, toYYYYMM(ts)) ORDER BY (
    if(source = 'device', toDate(0), toDate(ts)),
    multiIf(source = 'device', alert_id, alert_type IN ('break_violation', 'driving_time'), '', vehicle_id),
    alert_id
);

-- Events of drivers lie by driver, who mostly drives one vehicle: its id tells which granules to read.
ALTER TABLE driver_events {on_cluster} ADD INDEX IF NOT EXISTS vehicle_ids vehicle_id TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE driver_events {on_cluster} MATERIALIZE INDEX vehicle_ids;
