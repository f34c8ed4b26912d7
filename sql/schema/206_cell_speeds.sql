-- What the fleet drove by H3 cell and hour: the history that predicted arrivals are made from.

-- Counted with the heat map, once an hour is over, and again when something of it came late; the key makes a count replace
-- itself.
CREATE TABLE IF NOT EXISTS cell_speeds {on_cluster}
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    cell UInt64 COMMENT 'H3 index, resolution 7' CODEC(ZSTD(1)),
    driven_m Float64 COMMENT 'way of all vehicles' CODEC(ZSTD(1)),
    driven_s Float64 COMMENT 'time that it took, standing of up to two minutes at a time included' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'when it was counted, ms since the epoch' CODEC(ZSTD(1))
)
ENGINE = {engine_replacing}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, cell)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW v_cell_speeds {on_cluster} AS
SELECT hour, cell, h3ToString(cell) AS cell_id, h3ToGeo(cell).1 AS lat, h3ToGeo(cell).2 AS lon, driven_m, driven_s,
    3.6 * driven_m / driven_s AS avg_speed_kmph
FROM cell_speeds FINAL;
