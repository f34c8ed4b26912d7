-- Views for people, BI tools and exact queries: plain UTC columns without NULLs, one row per fact (FINAL).

CREATE OR REPLACE VIEW v_telemetry {on_cluster} AS
SELECT event_id, vehicle_id, driver_id, trip_id, timestamp, lat, lon, speed_kmph, heading, sat_count, battery_v,
    ignition, crash, sos, rpm, odometer_km, fuel_pct, engine_temp_c, altitude_m, hdop, accuracy_m, accel_long_ms2,
    accel_lat_ms2, accel_g, speed_limit_kmph, late, outlier, extra, ingested_at, batch
FROM telemetry;

CREATE OR REPLACE VIEW v_trips {on_cluster} AS SELECT * FROM trips FINAL;

CREATE OR REPLACE VIEW v_alerts {on_cluster} AS SELECT * FROM alerts FINAL;

CREATE OR REPLACE VIEW v_vehicle_minutes {on_cluster} AS SELECT * FROM vehicle_minutes FINAL;

CREATE OR REPLACE VIEW v_trip_summaries {on_cluster} AS SELECT * FROM trip_summaries FINAL;

CREATE OR REPLACE VIEW v_driver_scores {on_cluster} AS SELECT * FROM driver_scores FINAL;

CREATE OR REPLACE VIEW v_fleet_utilization {on_cluster} AS SELECT * FROM fleet_utilization FINAL;

CREATE OR REPLACE VIEW v_dead_letters {on_cluster} AS
SELECT topic, partition, offset, reason, detail, payload, at FROM dead_letters;
