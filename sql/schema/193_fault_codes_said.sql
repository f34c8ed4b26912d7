-- A status that does not speak of fault codes says nothing of them; one with an empty list says that there is none. Rows of
-- before count as the latter.
ALTER TABLE vehicle_status {on_cluster} ADD COLUMN IF NOT EXISTS has_fault_codes Bool DEFAULT true
    COMMENT 'false: the message does not speak of fault codes';
