"""What a tenant's leads have in common, such as whose turn it is in a rotation."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned


class SharedRecord(TenantOwned):
    """One record. Workers lock it while a bundle that needs it is executed."""

    pk = models.CompositePrimaryKey("tenant_id", "kind", "key")
    kind = LineField()
    key = LineField()
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
