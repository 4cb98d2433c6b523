"""What is kept of a lead beside its fields: memberships in programs, consents, subscriptions, buckets and the like."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class Record(TenantOwned):
    """One record. The primary key serves the workers' question: what of this kind is known of these leads?"""

    tenant = tenant_key(db_constraint=False)  #: the key to the lead holds it to its tenant
    pk = models.CompositePrimaryKey("tenant_id", "lead_id", "kind", "key")
    lead = models.ForeignKey(
        "campaigns.Lead", on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="records"
    )
    kind = LineField()
    key = LineField()
    data = models.JSONField()
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = (models.Index(fields=["tenant", "kind", "key", "lead"], name="campaigns_record_by_key"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of lead {self.lead_id}"
