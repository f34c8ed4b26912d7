-- The ETA error of a trip, one of its facts: of all its predictions, of stops and of its end, that were made before the arrival.
-- Join it to `v_trips` by trip; it is no part of it, since that would read every prediction for each list of trips.
CREATE OR REPLACE VIEW v_trip_eta_errors {on_cluster} AS
SELECT trip_id, any(toString(vehicle_id)) AS vehicle_id, count() AS prediction_count, avg(error_s) AS bias_s, avg(abs(error_s)) AS mae_s,
    countIf(abs(error_s) <= 300) / count() AS within_5_min, countIf(abs(error_s) <= 900) / count() AS within_15_min
FROM v_eta_errors
WHERE horizon_s > 0
GROUP BY trip_id;
