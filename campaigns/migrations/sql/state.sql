-- Fields may hold a JSON object.
ALTER TABLE campaigns_fielddefinition
    DROP CONSTRAINT campaigns_field_type,
    ADD CONSTRAINT campaigns_field_type CHECK (type IN (
        'string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'picklist', 'multi_select', 'json'));
