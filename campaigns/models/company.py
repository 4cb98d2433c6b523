"""Companies that leads belong to."""

from __future__ import annotations

from django.db import models

from campaigns.models.columns import LineField, TenantOwned, unique_in_tenant


class Company(TenantOwned):
    """A company, known by its name."""

    name = LineField()
    fields = models.JSONField(default=dict, blank=True)
    score = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "companies"
        ordering = ("name",)
        constraints = (
            unique_in_tenant("name", table="campaigns_company", message="There is a company with this name already."),
            models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_company_tenant_id"),
        )

    def __str__(self) -> str:
        return self.name
