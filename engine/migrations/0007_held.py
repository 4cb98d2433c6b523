"""Counts what a lane's buffer holds exactly, also behind what was aborted: engine/sql/held_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations

SCHEMA = (files("engine.sql") / "held_schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("engine", "0006_deadletters")]
    operations = [migrations.RunSQL(SCHEMA, migrations.RunSQL.noop)]
