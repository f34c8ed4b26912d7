-- CTEs up to `drivers`: who drove one vehicle alone that nobody else drove, with the rules they keep to, the minutes that they
-- drove (at least 30 s of them) and the rests between these, in minutes.
    pairs AS (
        SELECT vehicle_id, any(driver_id) AS driver FROM telemetry GROUP BY vehicle_id HAVING uniqExact(driver_id) = 1 AND driver != ''
    ),
    alone AS (
        SELECT driver, any(pairs.vehicle_id) AS vehicle, any(d.hours_of_service) AS profile
        FROM pairs
        INNER JOIN v_drivers AS d ON pairs.driver = d.driver_id
        WHERE driver NOT IN (SELECT driver_id FROM telemetry WHERE vehicle_id NOT IN (SELECT vehicle_id FROM pairs))
        GROUP BY driver
        HAVING count() = 1
    ),
    fixes AS (
        SELECT vehicle_id, toUnixTimestamp64Milli(timestamp) AS at_ms, lagInFrame(speed_kmph) OVER w > 5 AS was_driving,
            if(was_driving, least(at_ms - lagInFrame(at_ms) OVER w, 600000), 0) AS ms
        FROM v_telemetry
        WHERE NOT late AND NOT outlier
        WINDOW w AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ),
    -- A fix more than a minute after the one before tells more than its own minute can hold; so it does in the engine.
    minutes AS (
        SELECT alone.driver AS driver, alone.profile AS profile, intDiv(at_ms, 60000) AS minute
        FROM fixes
        INNER JOIN alone ON fixes.vehicle_id = alone.vehicle
        GROUP BY driver, profile, minute
        HAVING sum(ms) >= 30000
    ),
    drivers AS (
        SELECT driver, profile, arraySort(groupArray(minute)) AS minutes, arrayMap((a, b) -> a - b - 1, arrayPopFront(minutes), arrayPopBack(minutes)) AS rests
        FROM minutes
        GROUP BY driver, profile
    )
