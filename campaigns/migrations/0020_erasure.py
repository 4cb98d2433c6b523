"""Erasures of leads, and legal holds, which forbid them."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "erasure.sql").read_text()

#: What people changed of leads was logged under the leads' names.
ADMIN_LOG = """
UPDATE django_admin_log SET object_repr = 'lead ' || object_id
WHERE content_type_id IN (SELECT id FROM django_content_type WHERE app_label = 'campaigns' AND model = 'lead')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0019_dues"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lead_id", models.BigIntegerField(null=True)),
                ("key_hash", models.BinaryField()),
                ("mode", campaigns.models.columns.LineField(choices=[("anonymise", "Anonymise"), ("erase", "Erase")])),
                ("requested_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("campaign_id", models.BigIntegerField(null=True)),
                ("run", campaigns.models.columns.LineField(db_default="", default="")),
                ("frozen_before", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField()),
                ("turn_at", models.DateTimeField(null=True)),
                ("waits_for", campaigns.models.columns.LineField(db_default="", default="")),
                ("done_at", models.DateTimeField(null=True)),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("cancelled_by", campaigns.models.columns.LineField(db_default="", default="")),
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
                        condition=models.Q(("turn_at__isnull", False)), fields=["turn_at"], name="campaigns_erasure_due"
                    ),
                    models.Index(fields=["tenant", "-id"], name="campaigns_erasure_by_tenant"),
                    models.Index(
                        condition=models.Q(("done_at__isnull", False)),
                        fields=["tenant", "key_hash"],
                        name="campaigns_erasure_by_key",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("turn_at__isnull", False)),
                        fields=("tenant", "lead_id"),
                        name="campaigns_erasure_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lead_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "reason",
                    campaigns.models.columns.LineField(
                        help_text="Why the data must be kept; campaigns that ask for an erasure are told."
                    ),
                ),
                ("set_by", campaigns.models.columns.LineField(editable=False)),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "lifted_because",
                    campaigns.models.columns.LineField(
                        blank=True, db_default="", default="", help_text="Saying why lifts the hold."
                    ),
                ),
                ("lifted_by", campaigns.models.columns.LineField(db_default="", default="", editable=False)),
                ("lifted_at", models.DateTimeField(editable=False, null=True)),
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
                        condition=models.Q(("lifted_at", None)),
                        fields=["tenant", "lead_id"],
                        name="campaigns_legalhold_open",
                    )
                ],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
        migrations.RunSQL(ADMIN_LOG, migrations.RunSQL.noop),
    ]
