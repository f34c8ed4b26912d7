-- What lists and charts read, by hand: Sunday 2026-03-08. Old versions, withdrawn facts, and what lies outside of what is
-- asked for are there to be left out.
--
-- Scores over 7 days: d1 had 90 a week ago and has 70 (first told as 65), d2 has 95, d3 drove too little for one, d4 has
-- none of the last month, nobody knows who drove v9. d1 has 40 over 24 hours.
INSERT INTO driver_scores (driver_id, vehicle_id, window, window_start, window_end, score, overspeed_count, harsh_brake_count, harsh_accel_count,
    harsh_corner_count, route_deviation_count, crash_count, distance_m, driving_s, over_limit_s, coverage, version)
VALUES ('d1', '', '7d', '2026-02-22 09:00:00', '2026-03-01 09:00:00', 90, 1, 1, 0, 0, 0, 0, 300000, 18000, 0, 1, 1),
    ('d1', '', '7d', '2026-03-01 09:00:00', '2026-03-08 09:00:00', 65, 9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1),
    ('d1', '', '7d', '2026-03-01 09:00:00', '2026-03-08 09:00:00', 70, 4, 2, 1, 3, 5, 0, 500000, 36000, 1800, 0.9, 2),
    ('d1', '', '24h', '2026-03-07 09:00:00', '2026-03-08 09:00:00', 40, 4, 0, 0, 0, 0, 0, 60000, 3600, 900, 1, 1),
    ('d2', '', '7d', '2026-03-01 10:00:00', '2026-03-08 10:00:00', 95, 0, 1, 0, 0, 0, 1, 200000, 14400, 0, 1, 1),
    ('d3', '', '7d', '2026-03-01 09:00:00', '2026-03-08 09:00:00', nan, 0, 3, 0, 0, 0, 0, 10000, 1800, 0, 1, 1),
    ('d4', '', '7d', '2026-01-23 09:00:00', '2026-01-30 09:00:00', 10, 0, 9, 0, 0, 0, 0, 200000, 14400, 0, 1, 1),
    ('', 'v9', '7d', '2026-03-01 09:00:00', '2026-03-08 09:00:00', 30, 0, 9, 0, 0, 0, 0, 200000, 14400, 0, 1, 1);
-- Penalties, of windows of 15 s: the newest begins at 10:00:01. d2's is older than five minutes.
INSERT INTO driver_scores (driver_id, vehicle_id, window, window_start, window_end, penalty, overspeed_count, harsh_brake_count, version)
VALUES ('d1', 'v1', '15s', '2026-03-08 10:00:00', '2026-03-08 10:00:15', 5, 1, 1, 1), ('d1', 'v1', '15s', '2026-03-08 10:00:01', '2026-03-08 10:00:16', 3, 0, 1, 1),
    ('d2', 'v2', '15s', '2026-03-08 09:54:59', '2026-03-08 09:55:14', 9, 0, 3, 1), ('', 'v7', '15s', '2026-03-08 09:58:00', '2026-03-08 09:58:15', 4, 2, 0, 1),
    ('', 'v8', '15s', '2026-03-08 09:55:01', '2026-03-08 09:55:16', 4, 2, 0, 1);
INSERT INTO break_violations (violation_id, driver_id, vehicle_id, profile, rule, started_at, ended_at, value_min, limit_min, version)
VALUES ('w1', 'd1', 'v1', 'eu561', 'eu_break', '2026-03-07 12:30:00', '2026-03-07 13:00:00', 300, 270, 1), ('w2', 'd2', 'v2', 'us395', 'us_shift', '2026-03-08 06:00:00', 0, 661, 660, 1),
    ('w2', 'd2', 'v2', 'us395', 'us_shift', '2026-03-08 06:00:00', '2026-03-08 06:20:00', 680, 660, 2), ('w3', 'd1', '', 'eu561', 'short_break', '2026-03-08 08:00:00', '2026-03-08 08:10:00', 10, 15, 1);
-- Hours left, of a fleet time of 10:00:07: d1 drives, and is told of five minutes ago for the second time; d2 rests in the 14 hours
-- of a shift; d3 drives and has three minutes left since then; of d4 nothing is known; d5 has no profile any more.
INSERT INTO hours_left (driver_id, profile, is_driving, since, counted_until, break_left_min, day_left_min, day_limit_min, window_end, week_left_min,
    fortnight_left_min, break_at, daily_rest_at, version)
VALUES ('d1', 'eu561', true, '2026-03-08 08:10:00', '2026-03-08 09:50:00', 170, 440, 600, 0, 3005, 5005, 0, 0, 1),
    ('d1', 'eu561', true, '2026-03-08 08:10:00', '2026-03-08 09:55:00', 165, 435, 600, 0, 3000, 5000, 0, 0, 2),
    ('d2', 'us395', false, '2026-03-08 09:20:00', '2026-03-08 09:20:00', 480, 200, 660, '2026-03-08 10:40:00', 55, nan, '2026-03-08 09:50:00', '2026-03-08 19:20:00', 2),
    ('d3', 'us395_60', true, '2026-03-08 09:00:00', '2026-03-08 09:55:00', nan, 600, 660, '2026-03-08 23:00:00', 3, nan, 0, 0, 1),
    ('d4', 'eu561', false, '2026-03-08 09:00:00', '2026-03-08 09:00:00', nan, nan, 540, 0, nan, nan, '2026-03-08 09:45:00', '2026-03-08 18:00:00', 1),
    ('d5', '', false, 0, 0, nan, nan, 0, 0, nan, nan, 0, 0, 9);
-- Windows of the fleet: the newest begins at 10:00:02, that of 10:00:01 was corrected.
INSERT INTO fleet_utilization (window_start, window_end, active_count, idle_count, stopped_count, offline_count, version)
VALUES ('2026-03-08 09:55:01', '2026-03-08 09:55:06', 9, 0, 1, 0, 1), ('2026-03-08 09:55:02', '2026-03-08 09:55:07', 1, 2, 3, 4, 1), ('2026-03-08 10:00:01', '2026-03-08 10:00:06', 1, 1, 1, 7, 1),
    ('2026-03-08 10:00:01', '2026-03-08 10:00:06', 2, 1, 3, 4, 2), ('2026-03-08 10:00:02', '2026-03-08 10:00:07', 3, 0, 3, 4, 1);
-- Alerts: a1 and a2 begin at once; a3 was told with a higher peak; a4 does not hold; a person dismissed a5, and said that d2
-- drove on the trip of a6; a7 is days old.
INSERT INTO alerts (alert_id, ts, ended_at, vehicle_id, driver_id, trip_id, alert_type, severity, details, value, threshold, limit_source, lat, lon, source, state, raised_at, withdrawn, version)
VALUES ('a1', '2026-03-08 09:00:00', '2026-03-08 09:00:10', 'v1', 'd1', 't1', 'overspeed', 2, 'fast', 92, 80, 'vehicle', 1, 2, 'engine', 'closed', '2026-03-08 09:00:05', false, 1),
    ('a2', '2026-03-08 09:00:00', '2026-03-08 09:00:02', 'v2', 'd1', 't2', 'harsh_brake', 3, 'hard', 5, 3.9, '', 1, 2, 'engine', 'closed', '2026-03-08 09:00:02', false, 1),
    ('a3', '2026-03-08 09:30:00', 0, 'v1', 'd1', 't1', 'overspeed', 3, 'fast', 99, 80, 'vehicle', 1, 2, 'engine', 'open', '2026-03-08 09:30:05', false, 2),
    ('a3', '2026-03-08 09:30:00', 0, 'v1', 'd1', 't1', 'overspeed', 2, 'fast', 90, 80, 'vehicle', 1, 2, 'engine', 'open', '2026-03-08 09:30:05', false, 1),
    ('a4', '2026-03-08 09:40:00', 0, 'v1', 'd1', 't1', 'sos', 5, '', 1, 1, '', 1, 2, 'engine', 'open', '2026-03-08 09:40:00', true, 3),
    ('a5', '2026-03-08 09:45:00', '2026-03-08 09:46:00', 'v2', 'd2', 't2', 'overspeed', 2, 'fast', 91, 80, 'default', 1, 2, 'engine', 'closed', '2026-03-08 09:45:05', false, 1),
    ('a6', '2026-03-08 09:50:00', '2026-03-08 09:50:01', 'v2', 'd1', 't3', 'harsh_accel', 3, 'hard', 4, 3.4, '', 1, 2, 'engine', 'closed', '2026-03-08 09:50:01', false, 1),
    ('a7', '2026-03-05 08:00:00', '2026-03-05 08:00:02', 'v1', 'd2', 't0', 'harsh_brake', 4, 'hard', 6, 3.9, '', 1, 2, 'engine', 'closed', '2026-03-05 08:00:02', false, 1);
INSERT INTO commands (command_id, type, timestamp, vehicle_id, body)
VALUES ('c1', 'alert.dismiss', '2026-03-08 10:00:00', 'v2', '{"alert_id":"a5","vehicle_id":"v2"}'), ('c2', 'trip.reassign', '2026-03-08 10:00:00', 'v2', '{"trip_id":"t3","vehicle_id":"v2","driver_id":"d2"}');
-- Trips: t1 was told while it ran; t4 does not hold; t0 is days old.
INSERT INTO trips (trip_id, vehicle_id, driver_id, origin, status, end_reason, started_at, ended_at, confirmed_at, distance_m, duration_s, moving_s, idle_s, avg_speed_kmph, max_speed_kmph,
    harsh_brake_count, harsh_accel_count, harsh_corner_count, overspeed_s, coverage, withdrawn, version)
VALUES ('t0', 'v1', 'd2', 'detected', 'completed', 'still', '2026-03-05 07:00:00', '2026-03-05 09:00:00', '2026-03-05 09:05:00', 80000, 7200, 7000, 100, 40, 90, 1, 0, 0, 0, 1, false, 1),
    ('t1', 'v1', 'd1', 'declared', 'open', '', '2026-03-08 08:00:00', '2026-03-08 09:00:00', 0, 30000, 3600, 3000, 60, 30, 92, 0, 0, 0, 10, 1, false, 1),
    ('t1', 'v1', 'd1', 'declared', 'completed', 'declared', '2026-03-08 08:00:00', '2026-03-08 10:00:00', '2026-03-08 10:00:00', 70000, 7200, 6600, 120, 35, 99, 0, 0, 2, 30, 0.95, false, 2),
    ('t2', 'v2', 'd1', 'declared', 'open', '', '2026-03-08 08:00:00', '2026-03-08 09:50:00', 0, 60000, 6600, 6000, 0, 32, 91, 1, 0, 0, 60, 1, false, 1),
    ('t3', 'v2', 'd1', 'detected', 'timed_out', 'timed_out', '2026-03-08 09:40:00', '2026-03-08 09:55:00', '2026-03-08 10:55:00', 9000, 900, 800, 0, 36, 60, 0, 1, 0, 0, 0.5, false, 1),
    ('t4', 'v1', 'd1', 'detected', 'completed', 'still', '2026-03-08 09:59:00', '2026-03-08 10:00:00', 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, true, 2);
-- Fixes of v1 in two minutes: an outlier is no speed, a late one is; one of an hour and a half before the newest.
INSERT INTO telemetry (event_text, vehicle_id, driver_id, trip_id, timestamp, lat_e7, lon_e7, speed_kmph, heading, sat_count, battery_v, ignition, late, outlier, ingested_at, batch)
VALUES ('e0', 'v1', 'd1', 't1', '2026-03-08 08:30:00', 10000000, 20000000, 10, 90, 9, 12.5, 'on', false, false, '2026-03-08 08:30:01', 1),
    ('e1', 'v1', 'd1', 't1', '2026-03-08 09:59:10', 10000000, 20000000, 30, 90, 9, 12.5, 'on', false, false, '2026-03-08 09:59:11', 1),
    ('e2', 'v1', 'd1', 't1', '2026-03-08 09:59:40', 10001000, 20000000, 50, 90, 9, 12.5, 'on', true, false, '2026-03-08 10:00:10', 1),
    ('e3', 'v1', 'd1', 't1', '2026-03-08 10:00:00', 500000000, 20000000, 200, nan, 255, nan, 'unknown', false, true, '2026-03-08 10:00:01', 1),
    ('e4', 'v1', 'd1', 't1', '2026-03-08 10:00:05', 10002000, 20000000, 20, 91, 8, 12.25, 'off', false, false, '2026-03-08 10:00:06', 1),
    ('f1', 'v2', 'd2', 't2', '2026-03-08 10:01:00', 10000000, 20000000, 99, 90, 9, 12.5, 'on', false, false, '2026-03-08 10:01:01', 1);
-- Dead letters: two of telemetry at once, of which one was sent again and of the other that is not known; one of trips; one of
-- days ago. The bytes of a payload need not be text.
INSERT INTO dead_letters (topic, partition, offset, reason, detail, payload, at, batch)
VALUES ('telemetry', 0, 7, 'not_json', 'at 1', '{', '2026-03-08 09:00:00', 1), ('telemetry', 0, 12, 'not_json', 'at 5', unhex('41FF'), '2026-03-08 09:30:00', 1),
    ('telemetry', 1, 3, 'bad_speed', '500 km/h', '{"a":1}', '2026-03-08 09:30:00', 1), ('trips', 2, 1, 'missing_field', 'trip_id', '{}', '2026-03-08 09:45:00', 1),
    ('telemetry', 1, 1, 'not_json', 'at 9', 'x', '2026-03-06 09:00:00', 1);
INSERT INTO dead_letter_replays (topic, partition, offset, done, at, version)
VALUES ('telemetry', 0, 12, false, '2026-03-08 10:00:00', 1), ('telemetry', 0, 12, true, '2026-03-08 10:00:01', 2), ('telemetry', 1, 3, false, '2026-03-08 10:00:00', 1);
-- Evidence: of two alerts, and of visits (''), of which v1 made two of trip t1: s1 until 09:12, and s2 for longer than an hour.
INSERT INTO evidence (alert_id, vehicle_id, timestamp, event_id, lat, lon, speed_kmph, version)
VALUES ('g1', 'v1', '2026-03-08 08:55:00', 'g1a', 1, 2, 30, 1), ('g1', 'v1', '2026-03-08 08:55:00', 'g1a', 1, 2, 30, 2), ('g1', 'v1', '2026-03-08 09:05:00', 'g1b', 1, 2, 0, 1),
    ('g2', 'v1', '2026-03-08 08:56:00', 'g2a', 1, 2, 30, 1), ('', 'v1', '2026-03-08 09:04:59', 'x0', 1, 2, 30, 1), ('', 'v1', '2026-03-08 09:05:00', 'x1', 1, 2, 20, 1),
    ('', 'v1', '2026-03-08 09:17:00', 'x2', 1, 2, 0, 1), ('', 'v1', '2026-03-08 09:17:00', 'x2', 1, 2, 0, 2), ('', 'v1', '2026-03-08 09:17:01', 'x3', 1, 2, 10, 1),
    ('', 'v1', '2026-03-08 10:00:00', 'x4', 1, 2, 0, 1), ('', 'v1', '2026-03-08 10:35:00', 'x5', 1, 2, 5, 1), ('', 'v2', '2026-03-08 09:10:00', 'y1', 1, 2, 5, 1);
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, kind, status, arrived_at, departed_at, version)
VALUES ('t1', 's1', 'v1', 'delivery', 'departed', '2026-03-08 09:10:00', '2026-03-08 09:12:00', 1), ('t1', 's2', 'v1', 'delivery', 'departed', '2026-03-08 09:20:00', '2026-03-08 10:30:00', 1);
-- Predictions of t1: two of s1, of which the second was made again, one of s2 that was made after the arrival, two of the end,
-- whose outcome was told before the trip was corrected.
INSERT INTO eta_predictions (trip_id, stop_id, vehicle_id, made_at, predicted_at, arrived_at, version)
VALUES ('t1', 's1', 'v1', '2026-03-08 09:00:00', '2026-03-08 09:08:00', 0, 1), ('t1', 's1', 'v1', '2026-03-08 09:05:00', '2026-03-08 09:50:00', 0, 1),
    ('t1', 's1', 'v1', '2026-03-08 09:05:00', '2026-03-08 09:11:00', 0, 2), ('t1', 's1', 'v1', '2026-03-08 09:10:00', '2026-03-08 09:11:00', '2026-03-08 09:10:00', 1),
    ('t1', 's2', 'v1', '2026-03-08 09:21:00', '2026-03-08 09:25:00', 0, 1), ('t1', '', 'v1', '2026-03-08 08:30:00', '2026-03-08 10:05:00', 0, 1),
    ('t1', '', 'v1', '2026-03-08 09:30:00', '2026-03-08 09:59:00', 0, 1), ('t1', '', 'v1', '2026-03-08 09:58:00', '2026-03-08 09:59:00', '2026-03-08 09:58:00', 1),
    ('t2', 's1', 'v2', '2026-03-08 09:00:00', '2026-03-08 09:08:00', 0, 1);
INSERT INTO trip_paths (trip_id, path, version) VALUES ('t1', [(9, 9)], 1), ('t1', [(1, 2), (1.5, 2.5), (1.75, 2.25)], 2), ('t2', [(9, 9)], 7);
