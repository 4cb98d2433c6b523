-- Buckets of slots: row-level security. Each is updated by every bundle that takes from it.

SELECT fairlane_isolate('campaigns_slotbucket');

ALTER TABLE campaigns_slotbucket SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
