"""A tenant's state, rate and aborts: also engine/sql/control_schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations, models

SCHEMA = (files("engine.sql") / "control_schema.sql").read_text(encoding="utf-8")
UNDO = """
DROP FUNCTION engine_spill_held, engine_spill_first;
DROP TABLE engine_outboxaborted;
ALTER TABLE engine_lanemode DROP COLUMN aborted_from, DROP COLUMN aborted_to;
ALTER TABLE engine_tenantcontrol DROP CONSTRAINT engine_tenantcontrol_state;
"""


class Migration(migrations.Migration):
    dependencies = [("engine", "0003_figures")]
    operations = [
        migrations.AddField("tenantcontrol", "rate", models.FloatField(db_default=0.0)),
        migrations.AddField("tenantcontrol", "state", models.TextField(db_default="active")),
        migrations.AddField("tenantcontrol", "generation", models.BigIntegerField(db_default=0)),
        migrations.AddField("tenantcontrol", "changed_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Abort",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.TextField(db_collation="C")),
                ("generation", models.BigIntegerField()),
                ("aborted_by", models.TextField()),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("events", models.BigIntegerField(null=True)),
            ],
            options={"constraints": [models.UniqueConstraint("tenant_id", "generation", name="abort_once")]},
        ),
        migrations.RunSQL(SCHEMA, UNDO),
    ]
