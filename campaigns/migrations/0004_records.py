"""Definitions of tenants, and records of leads that refer to them."""

from __future__ import annotations

from pathlib import Path

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "records.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_key_lookup"),
    ]

    operations = [
        migrations.CreateModel(
            name="Definition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", campaigns.models.columns.LineField(help_text="It cannot be changed later.")),
                (
                    "key",
                    campaigns.models.columns.LineField(
                        help_text="Used in campaigns. It cannot be changed later.",
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9][a-z0-9_-]{0,62}\\Z",
                                "Use up to 63 lower-case letters, digits, hyphens and underscores.",
                            )
                        ],
                    ),
                ),
                ("name", campaigns.models.columns.LineField()),
                ("spec", models.JSONField(blank=True, default=dict)),
                ("archived", models.BooleanField(db_default=False, default=False)),
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
                "ordering": ("kind", "name", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "kind", "key"),
                        name="campaigns_definition_kind_key_unique",
                        violation_error_message="There is one with this key already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z0-9][a-z0-9_-]{0,62}\\Z")),
                        name="campaigns_definition_key_format",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Record",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "lead_id",
                        "kind",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", campaigns.models.columns.LineField()),
                ("key", campaigns.models.columns.LineField()),
                ("data", models.JSONField()),
                (
                    "changed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
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
                "indexes": [models.Index(fields=["tenant", "kind", "key", "lead"], name="campaigns_record_by_key")],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
