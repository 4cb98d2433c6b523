"""Times at which the clock sets off campaigns."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "dues.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0018_week_start"),
    ]

    operations = [
        migrations.CreateModel(
            name="DuePlan",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "campaign_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.IntegerField()),
                ("planned_to", models.DateTimeField()),
                ("planning_to", models.DateTimeField(null=True)),
                ("cursor", models.BigIntegerField(db_default=0, default=0)),
                ("checked", models.BooleanField(db_default=False, default=False)),
                ("turn_at", models.DateTimeField()),
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
                "indexes": [models.Index(fields=["turn_at"], name="campaigns_dueplan_turn")],
            },
        ),
        migrations.CreateModel(
            name="DueTime",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "campaign_id",
                        "lead_id",
                        "trigger",
                        "occasion",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("lead_id", models.BigIntegerField()),
                ("trigger", campaigns.models.columns.LineField()),
                ("occasion", campaigns.models.columns.LineField()),
                ("version", models.IntegerField()),
                ("due_at", models.DateTimeField()),
                ("type", campaigns.models.columns.LineField()),
                ("data", models.JSONField()),
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
                "indexes": [models.Index(fields=["due_at", "tenant"], name="campaigns_duetime_due")],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
