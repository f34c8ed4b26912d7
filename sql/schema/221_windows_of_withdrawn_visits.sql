-- The windows of visits, withdrawn ones among them: evidence that only these have is removed.
CREATE OR REPLACE VIEW v_all_visit_windows {on_cluster} AS
SELECT trip_id, stop_id, vehicle_id, withdrawn, window.1 AS from_at, window.2 AS to_at
FROM (SELECT trip_id, stop_id, vehicle_id, kind, arrived_at, departed_at, withdrawn FROM stop_visits FINAL) AS visits
ARRAY JOIN multiIf(
    departed_at < arrived_at, [(arrived_at - INTERVAL 5 MINUTE, arrived_at + INTERVAL 5 MINUTE)],
    departed_at <= arrived_at + INTERVAL 1 HOUR, [(arrived_at - INTERVAL 5 MINUTE, departed_at + INTERVAL 5 MINUTE)],
    [(arrived_at - INTERVAL 5 MINUTE, arrived_at + INTERVAL 5 MINUTE), (departed_at - INTERVAL 5 MINUTE, departed_at + INTERVAL 5 MINUTE)]) AS window
WHERE kind != 'depot' AND arrived_at > toDateTime64(0, 3, 'UTC');

-- From 5 min before the arrival to 5 min after the departure; of a visit of more than an hour, and of one that lasts, 5 min
-- either side of each.
CREATE OR REPLACE VIEW v_visit_windows {on_cluster} AS
SELECT trip_id, stop_id, vehicle_id, from_at, to_at FROM v_all_visit_windows WHERE NOT withdrawn;
