"""The journal of accepted events: engine/sql/journal_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations

SCHEMA = (files("engine.sql") / "journal_schema.sql").read_text(encoding="utf-8")

UNDO = """
ALTER TABLE engine_abort DROP COLUMN journalled;
DROP FUNCTION engine_journal_partitions(int);
DROP TABLE engine_journal, engine_journalstate;
ALTER TABLE engine_lanemode DROP COLUMN bottom;
"""


class Migration(migrations.Migration):
    dependencies = [("engine", "0004_control")]
    operations = [migrations.RunSQL(SCHEMA, UNDO)]
