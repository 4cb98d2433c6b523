"""Deliveries: what is sent after the commit."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "deliveries.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_slots"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField()),
                ("channel", campaigns.models.columns.LineField()),
                ("destination", campaigns.models.columns.LineField()),
                ("definition", campaigns.models.columns.LineField()),
                ("campaign_id", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("step", campaigns.models.columns.LineField()),
                ("event_key", models.UUIDField()),
                ("depth", models.SmallIntegerField()),
                ("body", models.JSONField()),
                ("state", campaigns.models.columns.LineField(db_default="waiting", default="waiting")),
                ("attempts", models.IntegerField(db_default=0, default=0)),
                ("attempts_before", models.IntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField()),
                ("sending_since", models.DateTimeField(null=True)),
                ("error_type", campaigns.models.columns.LineField(db_default="", default="")),
                ("error", models.TextField(db_default="", default="")),
                ("answer", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
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
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["tenant", "destination", "due_at"],
                        name="campaigns_delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)),
                        fields=["ended_at"],
                        name="campaigns_delivery_ended",
                    ),
                    models.Index(fields=["tenant", "lead", "id"], name="campaigns_delivery_lead"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "key"), name="campaigns_delivery_key_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["waiting", "sending"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["sent", "failed", "cancelled"])),
                            _connector="OR",
                        ),
                        name="campaigns_delivery_state",
                    ),
                ],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
