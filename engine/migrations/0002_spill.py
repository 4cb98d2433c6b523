"""The persistent buffer behind the lanes: engine/sql/spill_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations

SCHEMA = (files("engine.sql") / "spill_schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("engine", "0001_initial")]
    operations = [migrations.RunSQL(SCHEMA, "DROP TABLE engine_spill, engine_lanemode")]
