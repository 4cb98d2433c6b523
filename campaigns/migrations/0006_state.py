"""What actions keep of leads, of companies and of the tenant: fields of JSON, scores of companies, shared
records, leads that are frozen."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "state.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_filters"),
    ]

    operations = [
        migrations.AddField("company", "score", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField(
            "lead",
            "frozen_until",
            models.DateTimeField(
                blank=True, help_text="No campaign does anything to the lead before; empty it to end that.", null=True
            ),
        ),
        migrations.CreateModel(
            name="SharedRecord",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "kind", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", campaigns.models.columns.LineField()),
                ("key", campaigns.models.columns.LineField()),
                ("data", models.JSONField(default=dict)),
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
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
