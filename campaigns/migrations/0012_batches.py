"""Batches."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "batches.sql").read_text()


def tenant_key(**more: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="campaigns.tenant",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_lives"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                (
                    "state",
                    campaigns.models.columns.LineField(
                        choices=[
                            ("counting", "Finding its members"),
                            ("sending", "Telling its members"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="counting",
                        default="counting",
                    ),
                ),
                ("started_by", campaigns.models.columns.LineField()),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("as_of", models.DateTimeField(null=True)),
                ("upto", models.BigIntegerField(null=True)),
                ("cursor", models.BigIntegerField(db_default=0, default=0)),
                ("total", models.IntegerField(db_default=0, default=0)),
                ("sent", models.IntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("note", campaigns.models.columns.LineField(db_default="", default="")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="campaigns.campaign",
                    ),
                ),
                ("tenant", tenant_key()),
            ],
            options={
                "verbose_name_plural": "batches",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="campaigns_batch_due"
                    ),
                    models.Index(fields=["tenant", "campaign", "-id"], name="campaigns_batch_by_campaign"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BatchMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "batch_id",
                        "lead_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("lead_id", models.BigIntegerField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="campaigns.batch",
                    ),
                ),
                ("tenant", tenant_key(db_constraint=False)),
            ],
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="campaigns_batch_tenant_id"),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
