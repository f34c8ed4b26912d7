-- Trips that nobody declared, from the fixes of vehicles that name no trip: start, end, why it ended, duration, seconds moving and
-- idling, fixes, metres, speeds. Result: trips compared, those that differ.
-- Parked: standing, and the ignition off for 60 s or, where nothing is known of the engine, all fixes of the last 300 s within
-- 200 m. A trip begins with the first fix that moves behind that, and ends with the first that stands before the next; those
-- under 200 m or 60 s are none. Parked, too: in a silence of more than 120 s behind which it stands where it stood, within 200 m. Metres within 10: coming to a stand adds no jitter.
WITH
{{rides}},
    found AS (SELECT *, toUnixTimestamp64Milli(started_at) AS start_ms, toUnixTimestamp64Milli(t.ended_at) AS end_ms FROM v_trips AS t WHERE origin = 'detected')
SELECT count(), countIf(e.vehicle = '' OR f.vehicle_id = '' OR e.end_ms != f.end_ms OR e.reason != f.end_reason OR f.status != 'completed' OR e.fixes != f.event_count
    OR round(f.duration_s * 1000) != e.end_ms - e.start_ms OR round(f.moving_s * 1000) != e.moving_ms OR round(f.idle_s * 1000) != e.idle_ms OR abs(f.distance_m - e.metres) > 10
    OR abs(f.mean_speed_kmph - e.mean) > 1e-6 OR abs(f.max_speed_kmph - e.fastest) > 1e-6 OR abs(f.min_speed_kmph - e.slowest) > 1e-6
    OR abs(f.avg_speed_kmph - f.distance_m / (e.end_ms - e.start_ms) * 3600) > 1e-6)
FROM rides AS e
FULL OUTER JOIN found AS f ON e.vehicle = f.vehicle_id AND e.start_ms = f.start_ms
