-- What leads are looked up by among all, for duplicates: by hash, for text may be longer than what an index takes. The
-- id keeps those that share it in order. Who has no such value is in no index, and changes of other columns touch none.
DROP INDEX campaigns_lead_by_email;
CREATE INDEX campaigns_lead_by_email ON campaigns_lead (tenant_id, hashtextextended(campaigns_fold(email), 0), id)
    WHERE email IS NOT NULL;
CREATE INDEX campaigns_lead_by_phone ON campaigns_lead (tenant_id, hashtextextended(campaigns_fold(phone), 0), id)
    WHERE phone IS NOT NULL;
CREATE INDEX campaigns_lead_by_name ON campaigns_lead
    (tenant_id, hashtextextended(campaigns_fold(last_name), 0), hashtextextended(campaigns_fold(first_name), 0), id)
    WHERE last_name IS NOT NULL AND first_name IS NOT NULL;
CREATE INDEX campaigns_lead_by_company ON campaigns_lead (tenant_id, company_id, id) WHERE company_id IS NOT NULL;
