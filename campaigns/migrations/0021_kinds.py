"""Currencies and places in filters over leads."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

FUNCTIONS = (Path(__file__).parent / "sql" / "kinds.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0020_erasure"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
