-- A recompute brings the visits of planned stops right, too (see 012).
ALTER TABLE stop_visits {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it';

CREATE OR REPLACE VIEW v_stop_visits {on_cluster} AS
SELECT * EXCEPT (withdrawn) FROM stop_visits FINAL WHERE NOT withdrawn;

-- Predictions with what came of them: error = actual - predicted, positive when late (LibCity's evaluator). Predictions stay
-- as they were told. What came of them is what is known now: the arrival at a stop that of its visit, the end of a trip that
-- of the trip; both may be corrected after an outcome was told.
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
    SELECT trip_id, stop_id, arrived_at FROM v_stop_visits WHERE arrived_at > toDateTime64(0, 3, 'UTC')
    UNION ALL
    SELECT e.trip_id AS trip_id, e.stop_id AS stop_id, if(e.stop_id = '' AND t.trip_id != '', t.ended_at, e.arrived_at) AS arrived_at
    FROM
    (
        SELECT * FROM eta_predictions FINAL
        WHERE arrived_at > toDateTime64(0, 3, 'UTC') AND (stop_id = '' OR (trip_id, stop_id) NOT IN (SELECT trip_id, stop_id FROM stop_visits))
    ) AS e
    LEFT JOIN (SELECT trip_id, ended_at FROM trips FINAL WHERE NOT withdrawn AND status != 'open') AS t ON e.trip_id = t.trip_id
) AS o ON p.trip_id = o.trip_id AND p.stop_id = o.stop_id;

-- The newest planned day is that of a stop that holds.
CREATE OR REPLACE VIEW v_stop_outcomes_now {on_cluster} AS
WITH
    (SELECT if(count() = 0, 'UTC', any(time_zone)) FROM fleet_settings FINAL) AS zone,
    (SELECT max(planned_arrival) FROM v_stop_visits) AS newest
SELECT planned_arrival, trip_id, stop_id, customer_id, CAST(driver_id, 'String') AS driver_id, CAST(vehicle_id, 'String') AS vehicle_id, CAST(kind, 'String') AS kind, CAST(status, 'String') AS status, lat, lon,
    geoToH3(lat, lon, toUInt8(7)) AS area, geoToH3(lat, lon, toUInt8(8)) AS cell, toHour(toTimeZone(planned_arrival, assumeNotNull(zone))) AS planned_hour,
    toHour(toTimeZone(arrived_at, assumeNotNull(zone))) AS arrived_hour, arrived_at, departed_at, dwell_s, delay_s, lateness_s, CAST(punctuality, 'String') = 'on_time' AS is_on_time,
    CAST(outcome, 'String') IN ('refused', 'failed') AND reason != '' AS is_excused, ordered_qty > 0 AND isFinite(ordered_qty) AS has_quantity,
    if(has_quantity, ordered_qty, 0) AS ordered, if(NOT has_quantity, 0, if(isFinite(delivered_qty), delivered_qty, if(CAST(outcome, 'String') = 'delivered', ordered_qty, 0))) AS delivered,
    if(has_quantity, delivered >= ordered, CAST(outcome, 'String') = 'delivered') AS is_in_full
FROM v_stop_visits
WHERE v_stop_visits.status IN ('arrived', 'departed', 'skipped') AND planned_arrival > newest - INTERVAL 400 DAY;
