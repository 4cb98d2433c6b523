"""What Django cannot express: row-level security, keys with the tenant, partitions, the rulebook's version."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def run_file(name: str) -> migrations.RunSQL:
    return migrations.RunSQL((SQL / name).read_text())


class Migration(migrations.Migration):
    dependencies = (("campaigns", "0001_initial"),)

    operations = (
        run_file("isolation.sql"),
        run_file("keys.sql"),
        run_file("activity.sql"),
        run_file("rulebook_version.sql"),
    )
