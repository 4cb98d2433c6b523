-- Who has an e-mail address, in whatever case. Of its hash: an address may be longer than what an index takes.
CREATE INDEX campaigns_lead_by_email ON campaigns_lead (tenant_id, hashtextextended(campaigns_fold(email), 0))
    WHERE email IS NOT NULL;
