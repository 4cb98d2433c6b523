-- How many leads an owner has. Leads that are gone are not counted, so nothing but the index is read.
CREATE INDEX campaigns_lead_by_owner ON campaigns_lead (tenant_id, owner_id)
WHERE owner_id IS NOT NULL AND deleted_at IS NULL AND merged_into IS NULL;
