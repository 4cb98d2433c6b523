"""The people of a tenant's sales team who own leads."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned, unique_in_tenant


class Owner(TenantOwned):
    """A person who looks after leads, known by the e-mail address. Not a user of this site."""

    email = LineField("e-mail")
    name = LineField()
    active = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            unique_in_tenant(
                "email",
                table="campaigns_owner",
                message="There is an owner with this e-mail address already.",
            ),
            models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_owner_tenant_id"),
        )

    def __str__(self) -> str:
        return self.name
