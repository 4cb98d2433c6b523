"""Batches: a campaign run once for all leads who matched its audience, and who of them is still to be told."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class Batch(TenantOwned):
    """One batch. People start and cancel it (campaigns/batches.py), maintenance does the rest (batching.py)."""

    class State(models.TextChoices):
        COUNTING = "counting", "Finding its members"
        SENDING = "sending", "Telling its members"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="batches"
    )
    version = models.IntegerField()  #: whose audience it is
    state = LineField(default=State.COUNTING, db_default=State.COUNTING, choices=State.choices)
    started_by = LineField()
    started_at = models.DateTimeField(db_default=Now())
    planned_for = models.DateTimeField(null=True)  #: the time of the schedule that it was started for
    as_of = models.DateTimeField(null=True)  #: the instant at which its audience is looked at
    upto = models.BigIntegerField(null=True)  #: the lead created last before that
    cursor = models.BigIntegerField(default=0, db_default=0)  #: the lead looked at last
    total = models.IntegerField(default=0, db_default=0)  #: members found
    sent = models.IntegerField(default=0, db_default=0)  #: members told
    due_at = models.DateTimeField(null=True, db_default=Now())  #: when it has its next turn; None when nothing is left
    turned_at = models.DateTimeField(db_default=Now())  #: when it last had a turn in which something was done
    ended_at = models.DateTimeField(null=True)
    note = LineField(default="", db_default="")  #: why it was cancelled

    class Meta:
        verbose_name_plural = "batches"
        constraints = (models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_batch_tenant_id"),)
        indexes = (
            models.Index(fields=["due_at"], name="campaigns_batch_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["tenant", "due_at"], name="campaigns_batch_tenant_due", condition=models.Q(due_at__isnull=False)
            ),
            models.Index(fields=["tenant", "campaign", "-id"], name="campaigns_batch_by_campaign"),
            #: What is over since long ago?
            models.Index(fields=["ended_at"], name="campaigns_batch_over", condition=models.Q(ended_at__isnull=False)),
        )

    @property
    def is_open(self) -> bool:
        """Whether it is neither done nor cancelled."""
        return self.state in (self.State.COUNTING, self.State.SENDING)

    def __str__(self) -> str:
        return f"batch {self.pk}"


class BatchMember(TenantOwned):
    """A lead that is to be told. Removed when it was."""

    tenant = tenant_key(db_constraint=False)  #: the key to the batch holds it to its tenant
    pk = models.CompositePrimaryKey("tenant_id", "batch_id", "lead_id")
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="members"
    )
    lead_id = models.BigIntegerField()  #: it may have been deleted since

    def __str__(self) -> str:
        return f"lead {self.lead_id} of batch {self.batch_id}"
