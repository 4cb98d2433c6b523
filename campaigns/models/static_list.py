"""Static lists and who is on them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.models.columns import (
    KEY,
    LineField,
    TenantOwned,
    is_key,
    matches,
    tenant_key,
    unique_in_tenant,
)


class StaticList(TenantOwned):
    """A list that leads join and leave by name, never by a rule."""

    key = LineField(validators=[is_key], help_text="Used in campaigns and by the API. It cannot be changed later.")
    name = LineField()
    archived = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = "list"
        ordering = ("name",)
        constraints = (
            unique_in_tenant("key", table="campaigns_list", message="There is a list with this key already."),
            matches("key", KEY, "campaigns_list"),
            models.UniqueConstraint(fields=["tenant", "id"], name="campaigns_list_tenant_id"),
        )

    def __str__(self) -> str:
        return self.name


class ListMember(TenantOwned):
    """A lead is on a list. The primary key serves the workers' question: which lists are these leads on?"""

    tenant = tenant_key(db_constraint=False)  #: the keys to lead and list hold it to theirs
    pk = models.CompositePrimaryKey("tenant_id", "lead_id", "list_id")
    lead = models.ForeignKey(
        "campaigns.Lead",
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="list_memberships",
    )
    list = models.ForeignKey(
        StaticList, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="members"
    )
    added_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "list member"
        indexes = (models.Index(fields=["tenant", "list", "lead"], name="campaigns_listmember_by_list"),)

    def __str__(self) -> str:
        return f"lead {self.lead_id} on list {self.list_id}"
