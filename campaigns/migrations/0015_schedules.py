"""Batches that start by themselves."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0014_partitions"),
    ]

    operations = [
        migrations.AddField("batch", "planned_for", models.DateTimeField(null=True)),
        migrations.AddField("campaign", "next_batch_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddIndex(
            "campaign",
            models.Index(
                condition=models.Q(("next_batch_at__isnull", False)),
                fields=["next_batch_at"],
                name="campaigns_campaign_next_batch",
            ),
        ),
    ]
