"""Those inside one version of a campaign, taken to another."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "moves.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0016_failed_deliveries"),
    ]

    operations = [
        migrations.CreateModel(
            name="Move",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_version", models.IntegerField()),
                ("to_version", models.IntegerField()),
                ("plan", models.JSONField()),
                (
                    "state",
                    campaigns.models.columns.LineField(
                        choices=[
                            ("moving", "Moving"),
                            ("moved", "Moved"),
                            ("undoing", "Going back"),
                            ("undone", "Undone"),
                        ],
                        db_default="moving",
                        default="moving",
                    ),
                ),
                ("total", models.IntegerField()),
                ("moved", models.IntegerField(db_default=0, default=0)),
                ("ended", models.IntegerField(db_default=0, default=0)),
                ("undone", models.IntegerField(db_default=0, default=0)),
                ("started_by", campaigns.models.columns.LineField()),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("turn_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("turn_at__isnull", False)), fields=["turn_at"], name="campaigns_move_open"
                    ),
                    models.Index(fields=["tenant", "campaign", "-id"], name="campaigns_move_by_campaign"),
                ],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
