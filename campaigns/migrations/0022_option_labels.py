"""What people read instead of a field's options."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0021_kinds"),
    ]

    operations = [
        migrations.AddField(
            "fielddefinition",
            "option_labels",
            models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
