-- Worlds that have grown, made set-based by the worker role.

-- name: insert_leads
-- Of each tenant so many, named as the benchmark's events name them, with what a shop knows of its customers.
INSERT INTO campaigns_lead (tenant_id, key, email, first_name, last_name, phone, score, fields)
SELECT t.name, 'lead-' || n, 'lead-' || n || '@' || t.name || '.example', 'Alex', 'Example ' || n %% 5000,
       '+1 555 ' || lpad((n %% 10000)::text, 4, '0'), n %% 100,
       jsonb_build_object(
           'orders', n %% 20, 'total', (n %% 100000 / 100.0)::numeric(10, 2)::text,
           'last_purchase', (date '2026-01-01' + (n %% 300)::int)::text,
           'city', 'City ' || n %% 400, 'country', 'US', 'language', 'en', 'newsletter', n %% 3 = 0,
           'source', (ARRAY['web', 'fair', 'partner', 'import'])[1 + n %% 4], 'birthday', '1980-06-15',
           'industry', (ARRAY['retail', 'health', 'travel'])[1 + n %% 3], 'note', 'Prefers to be called in the morning')
FROM unnest(%s::text[], %s::int[]) AS t (name, leads), generate_series(0, t.leads - 1) AS n;

-- name: measure_leads
SELECT pg_total_relation_size('campaigns_lead')::float8 / greatest(1, (SELECT count(*) FROM campaigns_lead));
