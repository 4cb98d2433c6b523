"""What actions keep of leads, of companies and of the tenant: fields of JSON."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

RULES = (Path(__file__).parent / "sql" / "state.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_filters"),
    ]

    operations = [
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
