"""What a person did about a dead letter: also engine/sql/deadletters_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations, models

SCHEMA = (files("engine.sql") / "deadletters_schema.sql").read_text(encoding="utf-8")
UNDO = """
DROP FUNCTION engine_deadletters_release;
DROP INDEX engine_deadletter_over;
ALTER TABLE engine_deadletter DROP CONSTRAINT engine_deadletter_ended;
"""


class Migration(migrations.Migration):
    dependencies = [("engine", "0005_journal")]
    operations = [
        migrations.AddField("deadletter", "ended", models.TextField(null=True)),
        migrations.AddField("deadletter", "ended_at", models.DateTimeField(null=True)),
        migrations.RunSQL(SCHEMA, UNDO),
    ]
