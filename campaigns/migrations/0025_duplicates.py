"""Leads are compared with each other by more than their e-mail address."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

INDEXES = (Path(__file__).parent / "sql" / "duplicates.sql").read_text()
BACK = """
DROP INDEX campaigns_lead_by_phone, campaigns_lead_by_name, campaigns_lead_by_company, campaigns_lead_by_email;
CREATE INDEX campaigns_lead_by_email ON campaigns_lead (tenant_id, hashtextextended(campaigns_fold(email), 0))
    WHERE email IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0024_priority"),
    ]

    operations = [
        migrations.RunSQL(INDEXES, BACK),
    ]
