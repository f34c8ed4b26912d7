-- A recompute brings geofence events right, too (see 012).
ALTER TABLE geofence_events {on_cluster} ADD COLUMN IF NOT EXISTS withdrawn Bool DEFAULT false
    COMMENT 'the full history does not support it';

CREATE OR REPLACE VIEW v_geofence_events {on_cluster} AS
SELECT * EXCEPT (withdrawn) FROM geofence_events FINAL WHERE NOT withdrawn;
