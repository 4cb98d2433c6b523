"""The stages a tenant's leads go through."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import KEY, LineField, TenantOwned, is_key, matches, unique_in_tenant


class Stage(TenantOwned):
    """One stage. Leads hold its key; `position` says which comes later."""

    key = LineField(validators=[is_key], help_text="It cannot be changed later.")
    label = LineField()
    position = models.IntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            unique_in_tenant("key", table="campaigns_stage", message="There is a stage with this key already."),
            matches("key", KEY, "campaigns_stage"),
        )

    def __str__(self) -> str:
        return self.label
