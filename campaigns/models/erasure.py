"""Erasures of leads, asked for, due and done; and legal holds, which forbid them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned


class Erasure(TenantOwned):
    """One erasure. When it is done it says nothing of the lead but the hash of its key, by which old events of the lead
    are refused and an audit tells what was erased from what was lost."""

    class Mode(models.TextChoices):
        ANONYMISE = "anonymise", "Anonymise"
        ERASE = "erase", "Erase"

    lead_id = models.BigIntegerField(null=True)  #: None when it is done
    key_hash = models.BinaryField()
    mode = LineField(choices=Mode.choices)
    requested_at = models.DateTimeField(db_default=Now())
    campaign_id = models.BigIntegerField(null=True)  #: which asked for it, in which run
    run = LineField(default="", db_default="")
    frozen_before = models.DateTimeField(null=True)  #: until when the lead was frozen before
    due_at = models.DateTimeField()
    turn_at = models.DateTimeField(null=True)  #: when maintenance looks at it next; None when it is over
    waits_for = LineField(default="", db_default="")  #: what stood in its way when maintenance looked at it last
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = LineField(default="", db_default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["tenant", "lead_id"],
                condition=models.Q(turn_at__isnull=False),
                name="campaigns_erasure_one_open",
            ),
        )
        indexes = (
            models.Index(fields=["turn_at"], name="campaigns_erasure_due", condition=models.Q(turn_at__isnull=False)),
            models.Index(fields=["tenant", "-id"], name="campaigns_erasure_by_tenant"),
            #: Was a lead of this key erased, and when?
            models.Index(
                fields=["tenant", "key_hash"],
                name="campaigns_erasure_by_key",
                condition=models.Q(done_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class LegalHold(TenantOwned):
    """A person's word that the data of a lead, or of all leads, are to be kept. It holds until it is lifted."""

    lead_id = models.BigIntegerField(null=True, editable=False)  #: None: all leads of the tenant
    reason = LineField(help_text="Why the data must be kept; campaigns that ask for an erasure are told.")
    set_by = LineField(editable=False)
    set_at = models.DateTimeField(db_default=Now(), editable=False)
    lifted_because = LineField(default="", db_default="", blank=True, help_text="Saying why lifts the hold.")
    lifted_by = LineField(default="", db_default="", editable=False)
    lifted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = (
            models.Index(
                fields=["tenant", "lead_id"], name="campaigns_legalhold_open", condition=models.Q(lifted_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"legal hold {self.pk}"
