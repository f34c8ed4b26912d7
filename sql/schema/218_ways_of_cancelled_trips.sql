-- Trips that contradict each other (052, 201), told more exactly:
--
--   moved_between_trips   a cancelled trip has been driven, too: the vehicle is where that ended. Where trips overlapped, the
--                         nearer end counts of the one that began last and the one that ended last: a trip inside another one
--                         ends where the outer one was last seen, or that goes on from there
CREATE OR REPLACE VIEW v_anomalies_now {on_cluster} AS
WITH
    (SELECT max(started_at) FROM trips) AS newest,
    assumeNotNull((SELECT zone FROM v_fleet)) AS fleet_zone,
    begun AS (SELECT * FROM v_trips WHERE started_at >= newest - INTERVAL 35 DAY),
    recent AS (SELECT * FROM begun WHERE status != 'cancelled'),
    of_vehicle AS (
        SELECT vehicle_id, driver_id, trip_id, started_at, ended_at, status, start_lat, start_lon,
            maxIf(ended_at, status != 'cancelled') OVER w AS before_end, argMaxIf(trip_id, ended_at, status != 'cancelled') OVER w AS before_id,
            argMax((end_lon, end_lat), (started_at, trip_id)) OVER w AS begun_last, argMax((end_lon, end_lat), (ended_at, trip_id)) OVER w AS ended_last,
            argMax(trip_id, (started_at, trip_id)) OVER w AS last_id, count() OVER w AS earlier,
            least(greatCircleDistance(begun_last.1, begun_last.2, start_lon, start_lat), greatCircleDistance(ended_last.1, ended_last.2, start_lon, start_lat)) AS leap_m
        FROM begun
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY started_at, trip_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    of_driver AS (
        SELECT driver_id, vehicle_id, trip_id, started_at, ended_at, groupArray((trip_id, vehicle_id, ended_at)) OVER w AS earlier
        FROM recent
        WHERE driver_id != '' AND moving_s > 0
        WINDOW w AS (PARTITION BY driver_id ORDER BY started_at, trip_id ROWS BETWEEN 16 PRECEDING AND 1 PRECEDING)
    ),
    at_once AS (
        SELECT driver_id, vehicle_id, trip_id, other.1 AS other_trip_id, other.2 AS other_vehicle_id, started_at AS from_at, least(ended_at, other.3) AS until_at
        FROM of_driver
        ARRAY JOIN arrayFilter(trip -> trip.2 != vehicle_id AND trip.3 > started_at, earlier) AS other
    ),
    -- Minutes of an hour are bits: those in which a vehicle drove, and the whole ones in which both trips run.
    driven AS (
        SELECT toString(vehicle_id) AS vehicle_id, toUInt32(intDiv(toUnixTimestamp(minute), 3600)) AS hour,
            groupBitOr(bitShiftLeft(toUInt64(1), toMinute(minute))) AS minutes
        FROM v_vehicle_minutes
        WHERE vehicle_id IN (SELECT arrayJoin([vehicle_id, other_vehicle_id]) FROM at_once) AND minute >= newest - INTERVAL 35 DAY AND driving_s > 0
        GROUP BY vehicle_id, hour
    ),
    hours_at_once AS (
        SELECT driver_id, vehicle_id, trip_id, other_trip_id, from_at, until_at, place.1 AS hour, place.2 AS vehicle, intDiv(toUnixTimestamp64Milli(from_at) + 59999, 60000) - hour * 60 AS first,
            intDiv(toUnixTimestamp64Milli(until_at), 60000) - hour * 60 AS behind,
            bitShiftLeft(toUInt64(1), least(60, greatest(behind, 0))) - bitShiftLeft(toUInt64(1), least(60, greatest(first, 0), greatest(behind, 0))) AS minutes
        FROM at_once
        ARRAY JOIN arrayFlatten(arrayMap(hour -> [(hour, vehicle_id), (hour, other_vehicle_id)],
            range(toUInt32(intDiv(toUnixTimestamp(from_at), 3600)), toUInt32(intDiv(toUnixTimestamp(until_at), 3600) + 1)))) AS place
    ),
    both_drive AS (
        SELECT DISTINCT driver_id, vehicle_id, trip_id, other_trip_id, from_at, until_at
        FROM
        (
            SELECT h.driver_id AS driver_id, h.vehicle_id AS vehicle_id, h.trip_id AS trip_id, h.other_trip_id AS other_trip_id, h.from_at AS from_at, h.until_at AS until_at
            FROM hours_at_once AS h
            INNER JOIN driven AS d ON h.vehicle = d.vehicle_id AND h.hour = d.hour
            GROUP BY driver_id, vehicle_id, trip_id, other_trip_id, from_at, until_at, h.hour
            HAVING count() = 2 AND bitAnd(groupBitAnd(d.minutes), any(h.minutes)) != 0
        )
    ),
    zoned AS (
        SELECT r.vehicle_id AS vehicle_id, r.started_at AS started_at, if(v.zone = '', fleet_zone, v.zone) AS zone
        FROM recent AS r
        LEFT JOIN (SELECT vehicle_id, zone FROM v_vehicle_schedules) AS v ON r.vehicle_id = v.vehicle_id
    ),
    zone_dates AS (
        SELECT toString(zone) AS zone, toDate(day) AS day, starts_at
        FROM zone_days FINAL
        WHERE starts_at > newest - INTERVAL 40 DAY AND starts_at <= newest
    ),
    zone_todays AS (SELECT zone, max(day) AS today FROM zone_dates GROUP BY zone),
    dated AS (
        SELECT t.vehicle_id AS vehicle_id, t.zone AS zone, d.day AS day
        FROM zoned AS t
        ASOF INNER JOIN zone_dates AS d ON t.zone = d.zone AND t.started_at >= d.starts_at
    ),
    days AS (
        SELECT d.vehicle_id AS vehicle_id, d.zone AS zone, dateDiff('day', z.today - 34, d.day) AS place, count() AS trips
        FROM dated AS d
        INNER JOIN zone_todays AS z ON d.zone = z.zone
        WHERE place >= 0
        GROUP BY vehicle_id, zone, place
    ),
    series AS (
        SELECT vehicle_id, zone, min(place) AS first_place,
            arrayMap(p -> toUInt32(arraySum(arrayMap((q, n) -> if(q = p, n, 0), groupArray(place) AS places, groupArray(trips) AS counts))), range(35)) AS by_day
        FROM days
        GROUP BY vehicle_id, zone
    ),
    crowded AS (
        SELECT vehicle_id, zone, place, by_day[place + 1] AS trips,
            arraySlice(by_day, greatest(place - 28, first_place) + 1, place - greatest(place - 28, first_place)) AS history,
            arrayReduce('median', history) AS middle, arrayReduce('median', arrayMap(n -> abs(n - middle), history)) AS mad
        FROM series
        ARRAY JOIN range(28, 35) AS place
        WHERE length(history) >= 7 AND trips > middle + 3 * mad
    )
SELECT 'overlapping_trips' AS anomaly_type, vehicle_id, driver_id, trip_id, before_id AS other_trip_id, started_at AS at,
    dateDiff('millisecond', started_at, least(before_end, ended_at)) / 1000 AS value, 0. AS threshold
FROM of_vehicle
WHERE earlier > 0 AND status != 'cancelled' AND started_at < before_end
UNION ALL
SELECT 'driver_on_two_vehicles', vehicle_id, driver_id, trip_id, other_trip_id, from_at, dateDiff('millisecond', from_at, until_at) / 1000, 0.
FROM both_drive
UNION ALL
SELECT 'moved_between_trips', vehicle_id, driver_id, trip_id, last_id, started_at, leap_m, 1000.
FROM of_vehicle
WHERE earlier > 0 AND status != 'cancelled' AND started_at >= before_end AND leap_m > 1000
UNION ALL
SELECT 'start_without_end', vehicle_id, driver_id, trip_id, '', started_at, duration_s, 0.
FROM recent
WHERE status != 'open' AND trip_id IN (SELECT trip_id FROM trip_events WHERE event_type = 'trip_start')
    AND trip_id NOT IN (SELECT trip_id FROM trip_events WHERE event_type = 'trip_end')
UNION ALL
SELECT 'many_trips', c.vehicle_id, '', '', '', toDateTime64(d.starts_at, 3, 'UTC'), toFloat64(c.trips), c.middle + 3 * c.mad
FROM crowded AS c
INNER JOIN (SELECT s.zone AS zone, s.starts_at AS starts_at, dateDiff('day', z.today - 34, s.day) AS place FROM zone_dates AS s INNER JOIN zone_todays AS z ON s.zone = z.zone) AS d
    ON c.zone = d.zone AND c.place = d.place;
