"""Campaigns that are stopped by themselves."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "tripping.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_batches"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="tripped_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="tripped_why",
            field=campaigns.models.columns.LineField(db_default="", default="", editable=False),
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "campaign_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("since", models.DateTimeField()),
                ("runs", models.BigIntegerField()),
                ("failures", models.BigIntegerField()),
                ("loops", models.BigIntegerField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
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
                "abstract": False,
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
