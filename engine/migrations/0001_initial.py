"""The engine's tables; the partitioned ledger and row-level security are in engine/sql/schema.sql."""

from __future__ import annotations

from importlib.resources import files

from django.db import migrations, models
from django.db.models.functions import Now

SCHEMA = (files("engine.sql") / "schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="TenantControl",
            fields=[
                ("tenant_id", models.TextField(db_collation="C", primary_key=True, serialize=False)),
                ("lanes", models.PositiveSmallIntegerField()),
                ("weight", models.FloatField(default=1.0)),
                ("cap", models.PositiveIntegerField(default=0)),
                ("database", models.TextField(default="default")),
            ],
        ),
        migrations.CreateModel(
            name="OutboxRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.TextField(db_collation="C")),
                ("events", models.BinaryField()),
                ("size", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
            options={"db_table": "engine_outbox"},
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tenant_id", models.TextField(db_collation="C")),
                ("lane", models.PositiveSmallIntegerField()),
                ("lead", models.TextField(blank=True)),
                ("event_id", models.TextField(blank=True)),
                ("event_type", models.TextField(blank=True)),
                ("payload", models.BinaryField()),
                ("error", models.TextField()),
                ("attempts", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["tenant_id", "-id"], name="deadletter_by_tenant")]},
        ),
        migrations.RunSQL(SCHEMA, migrations.RunSQL.noop),
    ]
