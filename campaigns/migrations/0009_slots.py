"""Buckets of slots."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "slots.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0008_pauses"),
    ]

    operations = [
        migrations.CreateModel(
            name="SlotBucket",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", campaigns.models.columns.LineField(db_collation="C")),
                ("next_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["next_at"], name="campaigns_slotbucket_full")],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
