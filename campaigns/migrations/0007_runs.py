"""Runs that rest."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "runs.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_state"),
    ]

    operations = [
        migrations.CreateModel(
            name="ParkedRun",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "lead_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", campaigns.models.columns.LineField()),
                ("version", models.IntegerField()),
                ("key", campaigns.models.columns.LineField()),
                ("step", campaigns.models.columns.LineField()),
                ("wake_at", models.DateTimeField(null=True)),
                ("waits", models.IntegerField()),
                ("entered_at", models.DateTimeField()),
                ("held", models.BooleanField(db_default=False, default=False)),
                ("state", models.JSONField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="campaigns.lead",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "run",
                "indexes": [
                    models.Index(
                        condition=models.Q(("wake_at__isnull", False)),
                        fields=["wake_at", "tenant"],
                        name="campaigns_run_due",
                    ),
                    models.Index(fields=["tenant", "campaign", "version", "step"], name="campaigns_run_by_campaign"),
                ],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
