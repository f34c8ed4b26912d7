-- CTEs `steps` to `expected`: 20 s of a vehicle's fixes.
    steps AS (
        SELECT vehicle_id, timestamp, toFloat64(speed_kmph) AS speed, radians(lat) AS lat2, radians(lon) AS lon2,
            row_number() OVER w AS n, lagInFrame(radians(lat), 1) OVER w AS lat1, lagInFrame(radians(lon), 1) OVER w AS lon1
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    ways AS (
        SELECT vehicle_id, timestamp, speed,
            if(n = 1, 0, 2 * 6371008.8 * asin(sqrt(pow(sin((lat2 - lat1) / 2), 2) + cos(lat1) * cos(lat2) * pow(sin((lon2 - lon1) / 2), 2)))) AS metres
        FROM steps
    ),
    expected AS (
        SELECT vehicle_id, fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(timestamp), 20000) * 20000, 'UTC') AS window_start,
            count() AS n, sum(metres) AS metres, avg(speed) AS mean, min(speed) AS slowest, max(speed) AS fastest
        FROM ways
        GROUP BY vehicle_id, window_start
    )
