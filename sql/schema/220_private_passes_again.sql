-- A recompute of a day may have read fixes before their positions were taken out, and written what it found behind that: where a
-- command of private mode came late, its time is looked through once more when a run of its days was noted since its last pass
-- began. By the store's clock.
ALTER TABLE recompute_runs {on_cluster} ADD COLUMN IF NOT EXISTS noted_at DateTime64(3, 'UTC') DEFAULT done_at COMMENT 'when the run was noted, behind all that it wrote';

ALTER TABLE private_passes {on_cluster}
    ADD COLUMN IF NOT EXISTS begun_at DateTime64(3, 'UTC') DEFAULT done_at COMMENT 'when the pass began; 1970: it has not ended',
    ADD COLUMN IF NOT EXISTS fix_count UInt64 COMMENT 'fixes whose positions were there: the command came late';
