"""Counters of back pressure: engine/sql/figures_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations

SCHEMA = (files("engine.sql") / "figures_schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("engine", "0002_spill")]
    operations = [
        migrations.RunSQL(SCHEMA, "DROP SEQUENCE engine_spilled_events, engine_queue_transactions"),
    ]
