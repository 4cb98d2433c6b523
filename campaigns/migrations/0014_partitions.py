"""Leads are found by their e-mail addresses."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

RULES = (Path(__file__).parent / "sql" / "partitions.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0013_tripping"),
    ]

    operations = [
        migrations.RunSQL(RULES, "DROP INDEX campaigns_lead_by_email"),
    ]
