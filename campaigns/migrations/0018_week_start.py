"""The first day of a tenant's week."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

import campaigns.models.columns

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RULES = (Path(__file__).parent / "sql" / "week_start.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0017_moves"),
    ]

    operations = [
        migrations.AddField(
            "tenant",
            "week_start",
            campaigns.models.columns.LineField(
                choices=[(day, day.capitalize()) for day in DAYS],
                db_default="monday",
                default="monday",
                verbose_name="first day of the week",
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
