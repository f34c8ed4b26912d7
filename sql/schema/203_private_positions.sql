-- Private mode of vehicles: rows of telemetry without positions, and what was stored before that was known.
--
-- A position that is not told is the smallest number in `lat_e7` and `lon_e7`, and NaN in `lat` and `lon`: no place that a map,
-- a distance or a heat map could take for one. A column of its own would be read by whoever asks for positions.
ALTER TABLE telemetry {on_cluster}
    MODIFY COLUMN lat Float64 ALIAS if(lat_e7 = -2147483648, nan, lat_e7 / 1e7) COMMENT 'latitude in degrees; NaN: private',
    MODIFY COLUMN lon Float64 ALIAS if(lon_e7 = -2147483648, nan, lon_e7 / 1e7) COMMENT 'longitude in degrees; NaN: private',
    ADD COLUMN IF NOT EXISTS private Bool ALIAS lat_e7 = -2147483648 COMMENT 'of private time: without its position';

CREATE OR REPLACE VIEW v_telemetry {on_cluster} AS
SELECT event_id, vehicle_id, driver_id, trip_id, timestamp, lat, lon, speed_kmph, heading, sat_count, battery_v,
    ignition, crash, sos, rpm, odometer_km, fuel_pct, engine_temp_c, altitude_m, hdop, accuracy_m, accel_long_ms2,
    accel_lat_ms2, accel_g, speed_limit_kmph, late, outlier, extra, ingested_at, batch, private
FROM telemetry;

-- The private time of vehicles, as the commands say; one that has not ended ends in 2299.
CREATE OR REPLACE VIEW v_private_times {on_cluster} AS
SELECT vehicle_id, timestamp AS from_at, next_at AS to_at, partition, offset
FROM
(
    SELECT vehicle_id, type, timestamp, partition, offset,
        leadInFrame(timestamp, 1, toDateTime64('2299-12-31 00:00:00', 3, 'UTC')) OVER (
            PARTITION BY vehicle_id ORDER BY timestamp, partition, offset ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM commands
    WHERE type IN ('private.start', 'private.end')
)
WHERE type = 'private.start' AND to_at > from_at;

-- Commands whose time has been looked through for what was stored before they came.
CREATE TABLE IF NOT EXISTS private_passes {on_cluster}
(
    vehicle_id String,
    from_at DateTime64(3, 'UTC') COMMENT 'of the command',
    partition Int32 COMMENT 'of the command',
    offset Int64 COMMENT 'of the command',
    done_at DateTime64(3, 'UTC')
)
ENGINE = {engine}
ORDER BY (vehicle_id, from_at, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
