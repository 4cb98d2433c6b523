"""What happened to a lead, for people to read."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField


class Activity(models.Model):
    """A row per event and per executed action; append-only, one partition a month (activity.sql).

    Within a lead, `id` is the order in which things were done. Read a lead's rows by (tenant, lead, id) only:
    that is the one index.
    """

    id = models.BigIntegerField(primary_key=True)
    tenant = models.ForeignKey(
        "campaigns.Tenant", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    lead = models.ForeignKey(
        "campaigns.Lead", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    recorded_at = models.DateTimeField()
    occurred_at = models.DateTimeField()
    kind = LineField()  #: an event type, or the name of an action
    campaign_id = models.BigIntegerField(null=True)
    version = models.IntegerField(null=True)
    step = LineField(null=True)
    event_key = models.UUIDField()  #: the cause; as in the engine's ledger
    data = models.JSONField()

    class Meta:
        managed = False
        db_table = "campaigns_activity"
        ordering = ("-id",)
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return self.kind
