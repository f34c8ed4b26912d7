-- Evidence of delivery visits: the fixes around them are kept, too, under no alert (''), so that a fix is there once however
-- many visits it belongs to. Which fixes are a visit's is said by its times as they are known now.

-- Visits are copied as they are stored.
ALTER TABLE stop_visits {on_cluster} ADD INDEX IF NOT EXISTS stored_range stored_at TYPE minmax GRANULARITY 1;

ALTER TABLE stop_visits {on_cluster} MATERIALIZE INDEX stored_range;

ALTER TABLE evidence {on_cluster} COMMENT COLUMN alert_id 'empty: around a visit of a planned stop';

ALTER TABLE evidence_passes {on_cluster} COMMENT COLUMN pass '0: alerts by when they became due; 1: visits by when they were stored';

-- From 5 min before the arrival to 5 min after the departure; of a visit of more than an hour, and of one that lasts, 5 min
-- either side of each.
CREATE OR REPLACE VIEW v_visit_windows {on_cluster} AS
SELECT trip_id, stop_id, vehicle_id, window.1 AS from_at, window.2 AS to_at
FROM v_stop_visits
ARRAY JOIN multiIf(
    departed_at < arrived_at, [(arrived_at - INTERVAL 5 MINUTE, arrived_at + INTERVAL 5 MINUTE)],
    departed_at <= arrived_at + INTERVAL 1 HOUR, [(arrived_at - INTERVAL 5 MINUTE, departed_at + INTERVAL 5 MINUTE)],
    [(arrived_at - INTERVAL 5 MINUTE, arrived_at + INTERVAL 5 MINUTE), (departed_at - INTERVAL 5 MINUTE, departed_at + INTERVAL 5 MINUTE)]) AS window
WHERE kind != 'depot' AND arrived_at > toDateTime64(0, 3, 'UTC');
