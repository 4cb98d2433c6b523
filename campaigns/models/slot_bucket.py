"""Buckets of slots: what leads are let through by, so many in so long."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned, tenant_key


class SlotBucket(TenantOwned):
    """One key of a tenant. Only workers write these: with the runs that take from them."""

    tenant = tenant_key()
    pk = models.CompositePrimaryKey("tenant_id", "key")
    key = LineField(db_collation="C")
    next_at = models.DateTimeField()  #: when a bucket of one would be full again

    class Meta:
        indexes = (models.Index(fields=["next_at"], name="campaigns_slotbucket_full"),)

    def __str__(self) -> str:
        return f"slots of {self.key}"
