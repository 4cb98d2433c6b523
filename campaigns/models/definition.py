"""What a tenant has defined beside fields and event types: programs, topics, purposes and the like."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import KEY, LineField, TenantOwned, is_key, matches, unique_in_tenant


class Definition(TenantOwned):
    """One definition. Its kind says what `spec` holds: a file in campaigns/definitions."""

    kind = LineField(help_text="It cannot be changed later.")
    key = LineField(validators=[is_key], help_text="Used in campaigns. It cannot be changed later.")
    name = LineField()
    spec = models.JSONField(default=dict, blank=True)
    archived = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ("kind", "name", "id")
        constraints = (
            unique_in_tenant(
                "kind", "key", table="campaigns_definition", message="There is one with this key already."
            ),
            matches("key", KEY, "campaigns_definition"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
