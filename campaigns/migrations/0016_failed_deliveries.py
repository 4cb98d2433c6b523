"""Deliveries that failed are found without reading the others."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0015_schedules"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["tenant", "id"], name="campaigns_delivery_failed", condition=models.Q(state="failed")
            ),
        ),
    ]
