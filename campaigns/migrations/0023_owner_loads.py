"""Leads are counted by their owners."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

INDEX = (Path(__file__).parent / "sql" / "owner_loads.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0022_option_labels"),
    ]

    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX campaigns_lead_by_owner"),
    ]
