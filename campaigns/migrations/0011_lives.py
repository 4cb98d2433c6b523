"""Leads that were deleted or merged into another one."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models

RULES = (Path(__file__).parent / "sql" / "lives.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_deliveries"),
    ]

    operations = [
        migrations.AddField("lead", "deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("lead", "restorable_until", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("lead", "merged_into", models.BigIntegerField(blank=True, editable=False, null=True)),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
