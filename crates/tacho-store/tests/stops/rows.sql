-- A Sunday of two depots: v1 and v2 in Berlin (UTC+1), k1 in Kolkata (UTC+5:30). By hand.
INSERT INTO vehicles (vehicle_id, group_name, version) VALUES ('k1', 'east', 1);
-- Visits of v1: `a` has a window alone and is in it, in full. `b` only says from when; early. `c` is late, 2 of 4. `d` is refused
-- with a reason. `e` is skipped, and was planned for 2035. `h` is a depot after midnight, by which the last visit is on Monday.
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, driver_id, customer_id, kind, lat, lon, plan_order, status, planned_arrival, window_start, window_end,
    arrived_at, departed_at, dwell_s, delay_s, lateness_s, punctuality, outcome, ordered_qty, delivered_qty, reason, version)
VALUES ('t1', 'a', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 1, 'departed', 0, '2026-03-08 08:00:00', '2026-03-08 08:30:00', '2026-03-08 08:10:00', '2026-03-08 08:15:00', 300, nan, -1200, 'on_time', 'delivered', 10, 10, '', 1),
    ('t1', 'b', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 2, 'departed', 0, '2026-03-08 09:00:00', 0, '2026-03-08 08:50:00', '2026-03-08 09:05:00', 900, nan, nan, 'early', 'delivered', nan, nan, '', 1),
    ('t1', 'c', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 3, 'departed', '2026-03-08 10:00:00', 0, 0, '2026-03-08 10:20:00', '2026-03-08 10:25:00', 300, 60, 1200, 'late', 'partial', 4, 2, '', 1),
    ('t1', 'd', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 4, 'departed', '2026-03-08 10:30:00', 0, 0, '2026-03-08 10:30:00', '2026-03-08 10:35:00', 300, 30, 0, 'on_time', 'refused', 4, 0, 'closed', 1),
    ('t1', 'e', 'v1', 'd1', 'c1', 'delivery', 12.97, 77.59, 5, 'skipped', '2035-03-08 10:30:00', 0, 0, 0, 0, nan, nan, nan, 'skipped', '', 4, nan, '', 1),
    ('t1', 'h', 'v1', 'd1', '', 'depot', 12.97, 77.59, 6, 'departed', '2026-03-08 23:05:00', 0, 0, '2026-03-08 23:10:00', '2026-03-08 23:20:00', 600, nan, 300, 'on_time', '', nan, nan, '', 1);
-- A yard that nothing promises, where v1 stands for 100 to 500 s, the last time without a planned service.
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, customer_id, kind, lat, lon, status, arrived_at, departed_at, dwell_s, delay_s, lateness_s, ordered_qty, delivered_qty, version)
SELECT concat('y', toString(number)), 'yard', 'v1', 'c9', 'pickup', 12.97, 77.59, 'departed', '2026-03-08 11:00:00', '2026-03-08 11:05:00', 100 * number,
    if(number = 5, nan, 10 * number), nan, nan, nan, 1
FROM numbers(1, 5);
-- Ahead: of v2 one with a window alone and one that only says from when, and one that is planned for 2035. Of k1 one at
-- 00:30 on Sunday in Kolkata, and one at 00:30 on Monday there, which is Sunday evening in Berlin.
INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, kind, lat, lon, plan_order, status, planned_arrival, window_start, window_end, ordered_qty, delivered_qty, version)
VALUES ('t2', 'w', 'v2', 'delivery', 12.97, 77.59, 1, 'planned', 0, 0, '2026-03-08 12:00:00', nan, nan, 1),
    ('t2', 'x', 'v2', 'delivery', 12.97, 77.59, 2, 'planned', 0, '2026-03-08 11:00:00', 0, nan, nan, 1),
    ('t2', 'z', 'v2', 'delivery', 12.97, 77.59, 3, 'planned', '2035-03-08 11:00:00', 0, 0, nan, nan, 1),
    ('t3', 'k', 'k1', 'delivery', 12.97, 77.59, 1, 'planned', '2026-03-07 19:00:00', 0, 0, nan, nan, 1),
    ('t3', 'l', 'k1', 'delivery', 12.97, 77.59, 2, 'planned', '2026-03-08 19:00:00', 0, 0, nan, nan, 1);
INSERT INTO eta_predictions (trip_id, stop_id, vehicle_id, made_at, predicted_at, promised_at, arrived_at, version)
VALUES ('t2', 'w', 'v2', '2026-03-08 11:00:00', '2026-03-08 12:10:00', '2026-03-08 12:00:00', 0, 1), ('t2', 'w', 'v2', '2026-03-08 11:30:00', '2026-03-08 12:20:00', '2026-03-08 12:00:00', 0, 1),
    ('t2', 'x', 'v2', '2026-03-08 11:30:00', '2026-03-08 12:20:00', 0, 0, 1), ('t2', 'z', 'v2', '2026-03-08 11:30:00', '2026-03-08 12:20:00', '2035-03-08 11:00:00', 0, 1);
