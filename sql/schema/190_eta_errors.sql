-- Predictions with what came of them: error = actual - predicted, positive when late (LibCity's evaluator). The end of a trip
-- is that of the trip, which may be corrected after its outcome was told: topics have no order among them, so that
-- telemetry without the trip's id may come ahead of its `trip_end`.
CREATE OR REPLACE VIEW v_eta_errors {on_cluster} AS
SELECT p.trip_id AS trip_id, p.stop_id AS stop_id, p.vehicle_id AS vehicle_id, p.made_at AS made_at,
    p.predicted_at AS predicted_at, o.arrived_at AS arrived_at,
    (toUnixTimestamp64Milli(o.arrived_at) - toUnixTimestamp64Milli(p.predicted_at)) / 1000 AS error_s,
    (toUnixTimestamp64Milli(o.arrived_at) - toUnixTimestamp64Milli(p.made_at)) / 1000 AS horizon_s,
    multiIf(horizon_s < 300, '0-5', horizon_s < 900, '5-15', horizon_s < 1800, '15-30', horizon_s < 3600, '30-60', '60+')
        AS horizon_min
FROM (SELECT * FROM eta_predictions FINAL WHERE arrived_at = toDateTime64(0, 3, 'UTC')) AS p
INNER JOIN
(
    SELECT e.trip_id AS trip_id, e.stop_id AS stop_id, if(e.stop_id = '' AND t.trip_id != '', t.ended_at, e.arrived_at) AS arrived_at
    FROM (SELECT * FROM eta_predictions FINAL WHERE arrived_at > toDateTime64(0, 3, 'UTC')) AS e
    LEFT JOIN (SELECT trip_id, ended_at FROM trips FINAL WHERE NOT withdrawn AND status != 'open') AS t ON e.trip_id = t.trip_id
) AS o ON p.trip_id = o.trip_id AND p.stop_id = o.stop_id;
