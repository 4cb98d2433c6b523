"""Tags that may be put on leads."""

from __future__ import annotations

from campaigns.models.columns import LineField, TenantOwned, unique_in_tenant


class Tag(TenantOwned):
    """A word by which leads are marked. Leads hold the word itself."""

    name = LineField()

    class Meta:
        ordering = ("name",)
        constraints = (
            unique_in_tenant("name", table="campaigns_tag", message="There is a tag with this name already."),
        )

    def __str__(self) -> str:
        return self.name
