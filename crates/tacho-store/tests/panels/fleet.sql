-- A week of a depot in Berlin (UTC+1), by hand: Monday 2026-03-02 to Sunday 2026-03-08, day by day the same.
--
-- Four vans: v1 drives 8 h from 08:00, v2 drives 4 h and idles 2, v3 drives 2 h and is 12 h in the workshop, v4 drives 1 h.
-- Quarters in which a vehicle drives have 10 km, all others none.
INSERT INTO vehicles (vehicle_id, class, version) VALUES ('v1', 'van', 1), ('v2', 'van', 1), ('v3', 'van', 1), ('v4', 'van', 1);
INSERT INTO vehicle_intervals (vehicle_id, interval_start, distance_m, driving_ms, idling_ms, stopped_ms, offline_ms, down_ms, version)
SELECT vehicle, toDateTime64('2026-03-01 23:00:00', 3, 'UTC') + toIntervalMinute(15 * number), if(state = 1, 10000, 0),
    900000 * (state = 1), 900000 * (state = 2), 900000 * (state = 3), 0, 900000 * (state = 5), 1
FROM
(
    SELECT number, number % 96 AS q, vehicle,
        multiIf(
            vehicle = 'v1' AND q >= 32 AND q < 64, 1,
            vehicle = 'v2' AND q >= 32 AND q < 48, 1, vehicle = 'v2' AND q >= 48 AND q < 56, 2,
            vehicle = 'v3' AND q >= 32 AND q < 40, 1, vehicle = 'v3' AND q >= 48, 5,
            vehicle = 'v4' AND q >= 32 AND q < 36, 1,
            3) AS state
    FROM numbers(96 * 7)
    ARRAY JOIN ['v1', 'v2', 'v3', 'v4'] AS vehicle
);
-- Trips of the last day. On v1 the second starts half an hour before the first has ended, the third 0.1 degrees north of
-- where the second ended; its driver is on v2 as well, on a trip without a `trip_end`. v3 makes one trip a day for 29 days
-- and five on the last. Only the trips of v1 know their fuel.
INSERT INTO trips (trip_id, vehicle_id, driver_id, status, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, distance_m,
    duration_s, moving_s, fuel_used_l, version)
VALUES ('t1', 'v1', 'd1', 'completed', '2026-03-08 08:00:00', '2026-03-08 09:00:00', 12, 77, 12, 77, 40000, 3600, 3000, 4, 1),
    ('t2', 'v1', 'd1', 'completed', '2026-03-08 08:30:00', '2026-03-08 09:30:00', 12, 77, 12, 77, 60000, 3600, 3000, 8, 1),
    ('t3', 'v1', 'd2', 'completed', '2026-03-08 10:00:00', '2026-03-08 11:00:00', 12.1, 77, 12, 77, 20000, 3600, 3000, 3, 1),
    ('t4', 'v2', 'd2', 'completed', '2026-03-08 10:30:00', '2026-03-08 11:30:00', 12, 77, 12, 77, 100000, 3600, 3000, nan, 1);
INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, fuel_used_l, version)
SELECT concat('day-', toString(number)), 'v3', 'completed', toDateTime64('2026-02-07 08:00:00', 3, 'UTC') + toIntervalDay(number),
    toDateTime64('2026-02-07 08:30:00', 3, 'UTC') + toIntervalDay(number), 12, 77, 12, 77, nan, 1
FROM numbers(30);
INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, fuel_used_l, version)
SELECT concat('more-', toString(number)), 'v3', 'completed', toDateTime64('2026-03-08 10:00:00', 3, 'UTC') + toIntervalHour(number),
    toDateTime64('2026-03-08 10:30:00', 3, 'UTC') + toIntervalHour(number), 12, 77, 12, 77, nan, 1
FROM numbers(4);
INSERT INTO trip_events (trip_id, vehicle_id, event_type, timestamp)
VALUES ('t1', 'v1', 'trip_start', '2026-03-08 08:00:00'), ('t1', 'v1', 'trip_end', '2026-03-08 09:00:00'), ('t4', 'v2', 'trip_start', '2026-03-08 10:30:00');
-- While d2 has trips on two vehicles, both drive.
INSERT INTO vehicle_minutes (vehicle_id, minute, driving_s, version) VALUES ('v1', '2026-03-08 10:40:00', 60, 1), ('v2', '2026-03-08 10:40:00', 60, 1);
-- Alerts: two speedings and a harsh brake of d1, one of them dismissed; an open fault. The first two lie in one cell.
INSERT INTO alerts (alert_id, ts, ended_at, vehicle_id, driver_id, trip_id, alert_type, severity, value, threshold, lat, lon, source, state, version)
VALUES ('a1', '2026-03-08 08:05:00', '2026-03-08 08:06:00', 'v1', 'd1', 't1', 'overspeed', 2, 92, 80, 12.97, 77.59, 'engine', 'closed', 1),
    ('a2', '2026-03-08 08:15:00', '2026-03-08 08:15:02', 'v1', 'd1', 't1', 'harsh_brake', 3, 5, 3.9, 12.97, 77.5901, 'engine', 'closed', 1),
    ('a3', '2026-03-08 08:25:00', '2026-03-08 08:26:00', 'v1', 'd1', 't1', 'overspeed', 2, 99, 80, 12.97, 77.59, 'engine', 'dismissed', 1),
    ('a4', '2026-03-08 09:10:00', 0, 'v2', '', '', 'fault_code', 2, 1, 1, 13.5, 77.59, 'engine', 'open', 1);
-- Stops. c1: one on time and in full, one late and half of it; c2: one skipped, one refused with a reason. Then five visits
-- of one place with dwells of 100 to 500 s and delays of 0 to 40 s.
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, driver_id, customer_id, kind, lat, lon, plan_order, status, planned_arrival, window_end,
    arrived_at, departed_at, dwell_s, delay_s, lateness_s, punctuality, outcome, ordered_qty, delivered_qty, reason, version)
VALUES ('t1', 's1', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 1, 'departed', '2026-03-08 08:10:00', 0, '2026-03-08 08:12:00', '2026-03-08 08:20:00', 480, 60, 120, 'on_time', 'delivered', 10, 10, '', 1),
    ('t1', 's2', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 2, 'departed', '2026-03-08 08:30:00', 0, '2026-03-08 08:55:00', '2026-03-08 08:58:00', 180, 0, 1500, 'late', 'partial', 10, 5, '', 1),
    ('t1', 's3', 'v1', 'd1', 'c2', 'delivery', 12.97, 77.59, 3, 'skipped', '2026-03-08 08:40:00', 0, 0, 0, 0, 0, nan, 'skipped', '', 4, nan, '', 1),
    ('t1', 's4', 'v1', 'd1', 'c2', 'delivery', 12.97, 77.59, 4, 'departed', '2026-03-08 08:50:00', 0, '2026-03-08 08:50:00', '2026-03-08 08:51:00', 60, 0, 0, 'on_time', 'refused', 4, 0, 'closed', 1),
    ('t4', 's5', 'v2', 'd2', 'c3', 'delivery', 13.5, 77.59, 1, 'planned', '2026-03-08 11:10:00', 0, 0, 0, 0, 0, nan, '', '', 1, nan, '', 1);
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, customer_id, kind, lat, lon, status, planned_arrival, arrived_at, departed_at, dwell_s, delay_s,
    lateness_s, punctuality, ordered_qty, delivered_qty, version)
SELECT concat('v', toString(number)), 'place', 'v3', 'c4', 'depot', 14, 78, 'departed', toDateTime64('2026-03-07 08:00:00', 3, 'UTC'),
    toDateTime64('2026-03-07 08:00:00', 3, 'UTC'), toDateTime64('2026-03-07 09:00:00', 3, 'UTC'), 100 * number, 10 * number - 10, 0, 'on_time', nan, nan, 1
FROM numbers(1, 5);
-- Two predictions for s1 (22 and 12 min ahead, 120 and 60 s too early), and its arrival; one for s5, 5 min late.
INSERT INTO eta_predictions (trip_id, stop_id, vehicle_id, made_at, predicted_at, promised_at, arrived_at, version)
VALUES ('t1', 's1', 'v1', '2026-03-08 07:50:00', '2026-03-08 08:10:00', 0, 0, 1), ('t1', 's1', 'v1', '2026-03-08 08:00:00', '2026-03-08 08:11:00', 0, 0, 1),
    ('t1', 's1', 'v1', '2026-03-08 08:12:00', '2026-03-08 08:11:00', 0, '2026-03-08 08:12:00', 1),
    ('t4', 's5', 'v2', '2026-03-08 08:20:00', '2026-03-08 11:15:00', 0, 0, 1);
-- A week ago d1 had 90, now 80, with most of it speeding.
INSERT INTO driver_scores (driver_id, vehicle_id, window, window_start, window_end, score, overspeed_count, harsh_brake_count, version)
VALUES ('d1', '', '7d', '2026-02-22 08:00:00', '2026-03-01 08:00:00', 90, 1, 1, 1), ('d1', '', '7d', '2026-03-01 09:00:00', '2026-03-08 09:00:00', 80, 4, 2, 1);
-- v1 was in the yard for half an hour and is in it again.
INSERT INTO geofence_events (event_id, event_type, ts, vehicle_id, driver_id, geofence_id, geofence_name, duration_s, version)
VALUES ('g1', 'enter', '2026-03-08 06:00:00', 'v1', 'd1', 'yard', 'Yard', 0, 1), ('g2', 'exit', '2026-03-08 06:30:00', 'v1', 'd1', 'yard', 'Yard', 1800, 1),
    ('g3', 'enter', '2026-03-08 12:00:00', 'v1', 'd1', 'yard', 'Yard', 0, 1);
INSERT INTO refuels (refuel_id, vehicle_id, started_at, ended_at, from_pct, to_pct, litres, lat, lon, version)
VALUES ('r1', 'v1', '2026-03-08 07:00:00', '2026-03-08 07:05:00', 20, 90, 42, 12.97, 77.59, 1);
-- Two hours of positions of v1 in one cell: 3 fixes and 1, of which an outlier counts nowhere.
INSERT INTO telemetry (vehicle_id, timestamp, trip_id, lat_e7, lon_e7, speed_kmph, heading, ignition, engine_temp_c, battery_v, fuel_pct, outlier, ingested_at, batch)
VALUES ('v1', '2026-03-08 08:00:00', 't1', 129700000, 775900000, 30, 90, 'on', 80, 12.6, 50, false, now64(3), 1),
    ('v1', '2026-03-08 08:00:10', 't1', 129700000, 775900000, 40, 90, 'on', 90, 12.4, 48, false, now64(3), 1),
    ('v1', '2026-03-08 08:00:20', 't1', 129700000, 775900000, 50, 90, 'on', nan, nan, nan, false, now64(3), 1),
    ('v1', '2026-03-08 08:00:30', 't1', 500000000, 100000000, 50, 90, 'on', nan, nan, nan, true, now64(3), 1),
    ('v1', '2026-03-08 10:00:00', '', 129700000, 775900000, 0, 0, 'off', 60, 12.8, 40, false, now64(3), 2);
