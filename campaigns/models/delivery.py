"""What is to be sent of a lead, is being sent, or was: written with the effects, sent after the commit."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class Delivery(TenantOwned):
    """One delivery. Its key is the same however often it is tried; `attempts` is what a sender's claim is known by."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        CANCELLED = "cancelled"

    tenant = tenant_key(db_constraint=False)  #: the key to the lead holds it to its tenant
    key = models.UUIDField()
    lead = models.ForeignKey(
        "campaigns.Lead", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="deliveries"
    )
    channel = LineField()
    destination = LineField()
    definition = LineField()
    campaign_id = models.BigIntegerField()
    version = models.IntegerField()
    step = LineField()
    event_key = models.UUIDField()
    depth = models.SmallIntegerField()
    body = models.JSONField()
    state = LineField(default=State.WAITING, db_default=State.WAITING)
    attempts = models.IntegerField(default=0, db_default=0)
    attempts_before = models.IntegerField(default=0, db_default=0)  #: a person had it tried again
    priority = models.SmallIntegerField(default=1, db_default=1)  #: a place of language/priority.py
    due_at = models.DateTimeField()  #: the next try; while it is being sent, when that is given up for lost
    sending_since = models.DateTimeField(null=True)
    error_type = LineField(default="", db_default="")
    error = models.TextField(default="", db_default="")
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=["tenant", "key"], name="campaigns_delivery_key_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sending"], ended_at__isnull=True)
                | models.Q(state__in=["sent", "failed", "cancelled"], ended_at__isnull=False),
                name="campaigns_delivery_state",
            ),
        )
        indexes = (
            #: What a sender asks: which destinations of which tenants have something due, and what is it?
            models.Index(
                fields=["tenant", "destination", "priority", "due_at"],
                condition=models.Q(ended_at=None),
                name="campaigns_delivery_due",
            ),
            #: What people ask, and housekeeping: what ended when; what of this lead?
            models.Index(
                fields=["ended_at"], name="campaigns_delivery_ended", condition=models.Q(ended_at__isnull=False)
            ),
            models.Index(fields=["tenant", "lead", "id"], name="campaigns_delivery_lead"),
            #: How many of the tenant failed, and which?
            models.Index(fields=["tenant", "id"], name="campaigns_delivery_failed", condition=models.Q(state="failed")),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.definition} to lead {self.lead_id}"
