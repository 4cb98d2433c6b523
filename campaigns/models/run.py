"""Runs of leads through campaigns that rest: at a wait, for an event, for a decision."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class ParkedRun(TenantOwned):
    """One run that rests. Only workers write these: with the lead, under its lock."""

    tenant = tenant_key(db_constraint=False)  #: the key to the lead holds it to its tenant
    pk = models.CompositePrimaryKey("tenant_id", "lead_id", "id")
    lead = models.ForeignKey(
        "campaigns.Lead", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="runs"
    )
    id = LineField()
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="runs"
    )
    version = models.IntegerField()
    key = LineField()  #: of keyed runs, else empty
    step = LineField()
    wake_at = models.DateTimeField(null=True)  #: when the lane is told next
    waits = models.IntegerField()  #: how often it was parked
    entered_at = models.DateTimeField()
    held = models.BooleanField(default=False, db_default=False)  #: by a pause of its campaign
    state = models.JSONField()

    class Meta:
        verbose_name = "run"
        indexes = (
            models.Index(
                fields=["wake_at", "tenant"], name="campaigns_run_due", condition=models.Q(wake_at__isnull=False)
            ),
            models.Index(fields=["tenant", "campaign", "version", "step"], name="campaigns_run_by_campaign"),
            models.Index(fields=["tenant", "campaign"], name="campaigns_run_held", condition=models.Q(held=True)),
        )

    def __str__(self) -> str:
        return f"run {self.id} at {self.step}"


class Tally(TenantOwned):
    """What a campaign did within an hour, as far as it may have to be stopped for it."""

    tenant = tenant_key()
    pk = models.CompositePrimaryKey("tenant_id", "campaign_id")
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    since = models.DateTimeField()
    runs = models.BigIntegerField()
    failures = models.BigIntegerField()
    loops = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.runs} runs of campaign {self.campaign_id}"
