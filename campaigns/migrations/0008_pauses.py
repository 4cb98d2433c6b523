"""How campaigns are paused."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models

import campaigns.models.columns

RULES = (Path(__file__).parent / "sql" / "pauses.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="emptied_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="overdue",
            field=campaigns.models.columns.LineField(
                choices=[("run", "They go on at once"), ("end", "They are over")],
                db_default="run",
                default="run",
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="pause_mode",
            field=campaigns.models.columns.LineField(
                choices=[
                    ("freeze", "Nobody enters; those inside rest where they are"),
                    ("collect", "Those who would enter wait at the door; those inside rest where they are"),
                    ("drain", "Nobody enters; those inside go on to the end"),
                    ("end", "Nobody enters; those inside are out at once"),
                ],
                db_default="freeze",
                default="freeze",
                editable=False,
            ),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(
                condition=models.Q(("emptied_at__isnull", False)),
                fields=["emptied_at"],
                name="campaigns_campaign_emptied",
            ),
        ),
        migrations.AddIndex(
            model_name="parkedrun",
            index=models.Index(
                condition=models.Q(("held", True)), fields=["tenant", "campaign"], name="campaigns_run_held"
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
