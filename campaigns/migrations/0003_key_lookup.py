"""API keys are found in one round trip."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

LOOKUP = (Path(__file__).parent / "sql" / "key_lookup.sql").read_text()


class Migration(migrations.Migration):
    dependencies = (("campaigns", "0002_isolation"),)

    operations = (migrations.RunSQL(LOOKUP, "DROP FUNCTION campaigns_apikey_of_prefix"),)
