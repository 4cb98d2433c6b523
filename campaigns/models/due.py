"""Times at which the clock sets off campaigns: what is planned of the next hours, and how far it is planned."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class DueTime(TenantOwned):
    """A lead that is to be told when its time has come. Removed when it was."""

    tenant = tenant_key(db_constraint=False)  #: the key to the campaign holds it to its tenant
    pk = models.CompositePrimaryKey("tenant_id", "campaign_id", "lead_id", "trigger", "occasion")
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    lead_id = models.BigIntegerField()  #: it may have been deleted since
    trigger = LineField()  #: its id, or its place among the campaign's triggers
    occasion = LineField()
    version = models.IntegerField()  #: of the campaign; of another one it is not told
    due_at = models.DateTimeField()
    type = LineField()  #: of the event
    data = models.JSONField()  #: of the event

    class Meta:
        indexes = (models.Index(fields=["due_at", "tenant"], name="campaigns_duetime_due"),)

    def __str__(self) -> str:
        return f"lead {self.lead_id} on {self.occasion}"


class DuePlan(TenantOwned):
    """How far the times of a campaign are planned. Made when it is published, tended by maintenance."""

    tenant = tenant_key(db_constraint=False)
    pk = models.CompositePrimaryKey("tenant_id", "campaign_id")
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    version = models.IntegerField()
    planned_to = models.DateTimeField()  #: times up to here are planned, or over
    planning_to = models.DateTimeField(null=True)  #: and up to here they are being planned
    cursor = models.BigIntegerField(default=0, db_default=0)  #: the lead looked at last
    checked = models.BooleanField(default=False, db_default=False)  #: it was planned twice since it was published
    turn_at = models.DateTimeField()  #: when it has its next turn

    class Meta:
        indexes = (models.Index(fields=["turn_at"], name="campaigns_dueplan_turn"),)

    def __str__(self) -> str:
        return f"times of campaign {self.campaign_id}"
