"""Priorities of campaigns, of their batches and of what they send."""

from __future__ import annotations

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "priority.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0023_owner_loads"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="delivery",
            name="campaigns_delivery_due",
        ),
        migrations.AddField(
            model_name="batch",
            name="turned_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="campaign",
            name="priority",
            field=campaigns.models.columns.LineField(
                choices=[
                    ("high", "High: before the tenant's other work"),
                    ("normal", "Normal"),
                    ("low", "Low: after the tenant's other work"),
                ],
                db_default="normal",
                default="normal",
                help_text="It orders the work within the tenant's share, takes nothing from other tenants, and holds at once. What happens to one lead stays in its order.",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="priority",
            field=models.SmallIntegerField(db_default=1, default=1),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="position",
            field=models.IntegerField(
                db_default=0,
                default=0,
                help_text="Of campaigns of one priority that answer one event, the lowest goes first.",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["tenant", "due_at"],
                name="campaigns_batch_tenant_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["tenant", "destination", "priority", "due_at"],
                name="campaigns_delivery_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", ["high", "normal", "low"])),
                name="campaigns_campaign_priority_known",
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
